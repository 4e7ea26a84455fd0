"""Read the keys of those who send us security events, and hold what the policy says of them together.  RFC 8417 §2; RFC 9493 §3."""

import stat
from collections.abc import Iterator
from typing import Final

import msgspec

from ringfence.fetching import Unfetchable, read_target
from ringfence.policy.key_sets import KeySets
from ringfence.policy.mistakes import Mistake
from ringfence.policy.model import Policy
from ringfence.policy.places import Places
from ringfence.policy.registration import Resolved
from ringfence.policy.signals_model import Signals, Transmitter
from ringfence.policy.yaml_source import Path as At
from ringfence.policy.yaml_source import Source

AT: Final[At] = ("signals", "transmitters")


def resolve_signals(policy: Policy, where: Places, source: Source) -> Resolved:
    """Return the policy with key sets in place of the files that were named, and what is wrong with transmitters."""
    transmitters, keys = {}, KeySets(where, source)
    mistakes: list[Mistake] = []
    for name, one in policy.signals.transmitters.items():
        at: At = (*AT, name)
        mistakes += _mistakes(one, where, source, at)
        transmitters[name] = msgspec.structs.replace(one, jwks=keys.read(one.jwks, (*at, "jwks")))
    signals = msgspec.structs.replace(policy.signals, transmitters=transmitters)
    whole = msgspec.structs.replace(policy, signals=signals)
    return Resolved(whole, tuple(keys.files), tuple(keys.digests), (*mistakes, *keys.mistakes))


def _mistakes(one: Transmitter, where: Places, source: Source, at: At) -> Iterator[Mistake]:
    if bool(one.jwks) == bool(one.jwks_uri):
        yield source.mistake(at, "its keys stand in one place", "write either `jwks` or `jwks_uri`", key=True)
    if one.push is None and one.poll is None:
        yield source.mistake(at, "its events come by no way", "write `push`, `poll` or both", key=True)
    for name, url in (("jwks_uri", one.jwks_uri), ("poll", one.poll.url if one.poll else "")):
        try:
            if url:
                read_target(url)
        except Unfetchable as error:
            place: At = (*at, name) if name == "jwks_uri" else (*at, name, "url")
            yield source.mistake(place, f"it cannot be fetched from: {error}", "write an https URL of a public host")
    for index, rule in enumerate(one.subjects):
        place = (*at, "subjects", index)
        if bool(rule.issuer) != (rule.format == "iss_sub"):
            why = "`iss_sub` needs the `issuer` that it must name, and nothing else has one"
            yield source.mistake(place, why, "write `issuer` beside `format: iss_sub`, and there alone")
        if rule.domain and rule.format not in {"email", "account"}:
            yield source.mistake((*place, "domain"), f"`{rule.format}` has no domain", "leave `domain` out")
        if rule.names == "linked" and not one.links:
            yield source.mistake((*place, "names"), "there are no links to follow", "name a file in `links`")
    yield from _files(one, where, source, at)


def _files(one: Transmitter, where: Places, source: Source, at: At) -> Iterator[Mistake]:
    if one.links and not where.file(one.links).is_file():
        yield source.mistake((*at, "links"), f"there is no file {where.file(one.links)}", "make it")
    for name, way in (("push", one.push), ("poll", one.poll)):
        if way is None or not way.token_file:
            continue
        file, place = where.file(way.token_file), (*at, name, "token_file")
        if not file.is_file():
            yield source.mistake(place, f"there is no file {file}", "write a path relative to the policy file")
        elif file.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            yield source.mistake(place, f"others than its owner can read {way.token_file}", f"run: chmod 600 {file}")


def absolute_signals(signals: Signals, where: Places) -> Signals:
    """Return the same with absolute paths, for the copy that roles read."""
    return msgspec.structs.replace(
        signals, transmitters={name: _absolute(one, where) for name, one in signals.transmitters.items()}
    )


def _absolute(one: Transmitter, where: Places) -> Transmitter:
    def at(path: str) -> str:
        return str(where.file(path)) if path else ""

    push, poll = one.push, one.poll
    return msgspec.structs.replace(
        one,
        links=at(one.links),
        push=push and msgspec.structs.replace(push, token_file=at(push.token_file)),
        poll=poll and msgspec.structs.replace(poll, token_file=at(poll.token_file)),
    )
