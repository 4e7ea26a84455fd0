"""Judge a policy as a whole: what `load` finds, and what only shows when the parts are joined."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

from ringfence.app.core_rules import NoCoreRules, load_core_rules
from ringfence.app.country_file import CountryFile, NoCountryFile
from ringfence.app.key_providers import settings_of
from ringfence.app.watcher import policy_playbooks
from ringfence.detect.load import with_own
from ringfence.edge.render import EdgeConfig, render
from ringfence.keys.ports import KeyUnusable
from ringfence.keys.purposes import ROLES
from ringfence.oauth.endpoints import issuer_paths
from ringfence.oauth.trusted_statements import compile_registration
from ringfence.policy.load import LoadedPolicy, Mistake, PolicyMistakes, load
from ringfence.policy.mistakes import choose
from ringfence.policy.yaml_source import Source, read_yaml
from ringfence.problem import Reason, Refused

LONGEST_SOCKET: Final = 107
"""Bytes of a unix socket's path: unix(7)."""

_METHODS: Final = ("GET", "POST")
"""The methods of the authorization server's endpoints."""


def judge(path: Path) -> LoadedPolicy:
    """Return the policy if everything could be started with it.

    Raises:
        PolicyMistakes: with every mistake that was found.
    """
    loaded = load(path)
    source = read_yaml(path.read_bytes(), str(path))
    mistakes = [
        *_registration(loaded, source),
        *_core_rules(loaded, source),
        *_countries(loaded, source),
        *_signer(loaded, source),
        *_core_rules(loaded, source),
        *_rules(loaded, source),
    ]
    if not mistakes:  # what follows needs the authorization server's settings
        mistakes += [*_paths(loaded, source), *_edge(loaded, source)]
    if mistakes:
        raise PolicyMistakes(mistakes)
    return loaded


def edge_config(loaded: LoadedPolicy) -> EdgeConfig:
    """Return the edge's configuration.  Raises Refused POLICY_INVALID."""
    return render(loaded.policy, loaded.places, issuer_paths(loaded.policy))


def _registration(loaded: LoadedPolicy, source: Source) -> Iterator[Mistake]:
    """The keys that software statements are verified with have to be such as are taken."""
    try:
        compile_registration(loaded.policy)
    except Refused as refused:
        at = ("oauth", "registration", "statement_issuers")
        yield source.mistake(at, refused.detail, "give its public keys, each with a kid, for its `algorithms`")


def _paths(loaded: LoadedPolicy, source: Source) -> Iterator[Mistake]:
    """The edge leads the issuer's paths to the authorization server: an operation there could not be reached."""
    for path in issuer_paths(loaded.policy):
        for method in _METHODS:
            try:
                operation = loaded.table.match(method, path).operation
            except Refused as refused:
                if refused.reason is Reason.UNKNOWN_PATH:
                    continue
                what = "an operation"
            else:
                what = f"the operation {operation.operation_id}"
            message = f"{what} has the path {path}, which is the authorization server's"
            yield source.mistake(("issuer",), message, "give the API a base_path, or the issuer a path")
            break


def _signer(loaded: LoadedPolicy, source: Source) -> Iterator[Mistake]:
    """What the signer would end with at its start, as far as the policy says."""
    ours, where = loaded.policy.signer, loaded.places
    try:
        settings_of(loaded.policy)
    except KeyUnusable as why:
        yield source.mistake(("signer",), str(why), "one of those")
    if ours.provider != "local" and getattr(ours, ours.provider) is None:
        yield source.mistake(("signer", "provider"), f"there is no block signer.{ours.provider}", "add it")
    if ours.seal.credential and ours.seal.passphrase_file:
        yield source.mistake(("signer", "seal"), "it names a credential and a file", "one of the two")
    sockets = [*(where.signer_socket(role) for role in ROLES), where.approval_socket(ours.approval_socket)]
    longest = max((str(path) for path in sockets), key=lambda path: len(path.encode()))
    if len(longest.encode()) > LONGEST_SOCKET:
        at = ("signer", "approval_socket") if longest == str(sockets[-1]) and ours.approval_socket else ("state",)
        yield source.mistake(at, f"the socket {longest} has more than {LONGEST_SOCKET} bytes", "a shorter path")


def _edge(loaded: LoadedPolicy, source: Source) -> Iterator[Mistake]:
    try:
        edge_config(loaded)
    except Refused as refused:
        yield source.mistake(("listeners",), refused.detail or refused.private, "change what the message names")


def _core_rules(loaded: LoadedPolicy, source: Source) -> Iterator[Mistake]:
    try:
        load_core_rules(loaded.policy, loaded.places)
    except NoCoreRules as none:
        yield source.mistake(("gateway", "core_rules"), str(none), "install modsecurity-crs, or leave the member out")


def _countries(loaded: LoadedPolicy, source: Source) -> Iterator[Mistake]:
    try:
        with closing(CountryFile()) as countries:
            countries.open(loaded)
    except NoCountryFile as none:
        yield source.mistake(("geo",), str(none), "name a country database in MaxMind's format")


def _rules(loaded: LoadedPolicy, source: Source) -> Iterator[Mistake]:
    """The rules of detection: the operator's own files, and modes for rules that there are."""
    watch = loaded.policy.watch
    try:
        rules = with_own(loaded.places.file(watch.rules) if watch.rules else None)
    except PolicyMistakes as found:
        yield from found.mistakes
        return
    except OSError as error:
        yield source.mistake(("watch", "rules"), f"cannot be read: {error.strerror}", "name a directory with rules")
        return
    names = [rule.rule.id for rule in rules]
    for name in watch.modes:
        if name not in names:
            yield source.mistake(("watch", "modes", name), f"there is no rule `{name}`", choose(name, names), key=True)
    try:
        playbooks = [playbook.id for playbook in policy_playbooks(loaded)]
    except PolicyMistakes as found:
        yield from found.mistakes
        return
    except OSError as error:
        problem = f"cannot be read: {error.strerror}"
        yield source.mistake(("watch", "playbooks"), problem, "name a directory with playbooks")
        return
    off = [name for name, mode in watch.playbook_modes.items() if mode == "off"]
    for name in watch.playbook_modes:
        if name not in playbooks and name not in off:
            problem, instead = f"there is no playbook `{name}`", choose(name, playbooks)
            yield source.mistake(("watch", "playbook_modes", name), problem, instead, key=True)
