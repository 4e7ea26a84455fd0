"""Read the keys that clients' software statements are verified with, and hold registration against the rest.  RFC 7591 §2.3."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from ringfence.policy.key_sets import KeySets
from ringfence.policy.mistakes import Mistake, choose
from ringfence.policy.model import Policy
from ringfence.policy.places import Places
from ringfence.policy.registration_model import Registration, StatementIssuer
from ringfence.policy.yaml_source import Path as At
from ringfence.policy.yaml_source import Source

_BUILT_IN: Final = ("openid", "grant_management_query", "grant_management_revoke", "ssf.read", "ssf.manage")
"""Scopes that a policy need not name."""

AT: Final[At] = ("oauth", "registration")


class Resolved(msgspec.Struct, frozen=True):
    """A policy whose statement issuers' keys all stand in itself."""

    policy: Policy
    files: tuple[Path, ...]
    digests: tuple[bytes, ...]
    """SHA-256 of each file's bytes."""
    mistakes: tuple[Mistake, ...]


def resolve_registration(policy: Policy, where: Places, source: Source) -> Resolved:
    """Return the policy with key sets in place of the files that were named, and what is wrong with registration."""
    asked = policy.oauth.registration
    if asked is None:
        return Resolved(policy, (), (), tuple(_profiles(policy, source)))
    issuers, keys = [], KeySets(where, source)
    mistakes = [*_profiles(policy, source), *_whole(asked, policy, source)]
    for index, issuer in enumerate(asked.statement_issuers):
        at: At = (*AT, "statement_issuers", index)
        mistakes += _issuer(issuer, source, at)
        issuers.append(msgspec.structs.replace(issuer, jwks=keys.read(issuer.jwks, (*at, "jwks"))))
    changed = msgspec.structs.replace(asked, statement_issuers=tuple(issuers))
    oauth = msgspec.structs.replace(policy.oauth, registration=changed)
    whole = msgspec.structs.replace(policy, oauth=oauth)
    return Resolved(whole, tuple(keys.files), tuple(keys.digests), (*mistakes, *keys.mistakes))


def _profiles(policy: Policy, source: Source) -> Iterator[Mistake]:
    profiles = policy.oauth.clients.profiles
    if len(set(profiles)) != len(profiles):
        yield source.mistake(("oauth", "clients", "profiles"), "a profile stands there twice", "name each once")


def _whole(asked: Registration, policy: Policy, source: Source) -> Iterator[Mistake]:
    if "statement" in asked.require and not asked.statement_issuers:
        instead = "name `statement_issuers`, or require an `invitation` alone"
        yield source.mistake((*AT, "require"), "no software statement could ever be believed", instead)
    names = [issuer.issuer for issuer in asked.statement_issuers]
    for index, name in enumerate(names):
        if name in names[:index]:
            at: At = (*AT, "statement_issuers", index, "issuer")
            yield source.mistake(at, f"`{name}` stands there twice", "put its keys into one entry")
    for index, scope in enumerate(asked.scopes or ()):
        if scope not in policy.oauth.scopes and scope not in _BUILT_IN:
            instead = choose(scope, (*policy.oauth.scopes, *_BUILT_IN)) or "add it under `oauth.scopes`"
            yield source.mistake((*AT, "scopes", index), f"there is no scope `{scope}` under `oauth.scopes`", instead)
    if "refresh_token" in asked.grant_types and "authorization_code" not in asked.grant_types:
        instead = "add `authorization_code`, or take it away"
        yield source.mistake((*AT, "grant_types"), "refresh tokens come with `authorization_code` only", instead)
    if policy.listeners.mtls is None and "private_key_jwt" not in asked.authentication:
        instead = "add `listeners.mtls`, or `private_key_jwt`"
        yield source.mistake((*AT, "authentication"), "there is no mTLS listener to authenticate at", instead)


def _issuer(issuer: StatementIssuer, source: Source, at: At) -> Iterator[Mistake]:
    if bool(issuer.jwks) == bool(issuer.jwks_uri):
        yield source.mistake(at, "its keys stand in one place", "write either `jwks` or `jwks_uri`")
