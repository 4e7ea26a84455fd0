"""A policy that is tried on a share of the clients, while another one holds for the rest.

A client's side depends on its id and the canary's salt alone: it is the same for each call, at every worker, and
after every restart, and a share that grows takes nobody back.
"""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from ringfence.clock import Instant
from ringfence.policy.mistakes import Mistake
from ringfence.policy.model import ApiVersion, Policy
from ringfence.policy.operations import OperationTable
from ringfence.policy.yaml_source import Path as At
from ringfence.policy.yaml_source import Source

ALL_PERCENT: Final = 100.0

_SPLIT: Final = frozenset({"apis", "limits", "authorization"})
"""Parts of a policy that are asked call by call, when it is known whose call it is."""
_SPLIT_OF_GATEWAY: Final = frozenset({"max_json_depth", "core_rules", "tell_limits"})

_HASH_BYTES: Final = 8


class Share(msgspec.Struct, frozen=True, gc=False):
    """Which clients a canary governs."""

    percent: float
    """Of all clients, from 0 to 100."""
    clients: frozenset[str] = frozenset()
    """Ids of clients that it governs in any case."""
    salt: str = ""

    def takes(self, client_id: str) -> bool:
        """Say on which side a client is; a call without one is on the other."""
        if not client_id:
            return False
        if client_id in self.clients:
            return True
        digest = hashlib.blake2b(f"{self.salt}|{client_id}".encode("utf-8", "surrogatepass"), digest_size=_HASH_BYTES)
        return int.from_bytes(digest.digest()) < self.percent / ALL_PERCENT * (1 << 8 * _HASH_BYTES)


class Canary(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A canary under way."""

    source: str
    """The operator's file."""
    policy: str
    """The copy of it by which it is decided."""
    name: str
    """What the policy is called in events: the first 16 hex digits of its digest."""
    running: str
    """The same of the policy beside which it began."""
    percent: float
    clients: tuple[str, ...] = ()
    salt: str
    since: Instant
    promote: bool = False
    """It is to hold for everybody."""
    refused: str = ""
    """Why it does not, though it was to."""

    @property
    def share(self) -> Share:
        """Which clients it governs."""
        return Share(self.percent, frozenset(self.clients), self.salt)


def held_in_common(running: Policy, canary: Policy, source: Source) -> Iterator[Mistake]:
    """Yield what a canary changes though it cannot hold for some clients only.

    Args:
        running: the policy that holds for the rest, its paths absolute.
        canary: the policy that is to be tried, its paths absolute.
        source: its file.
    """
    sides = [_settings(policy) for policy in (running, canary)]
    for at in _changed((), *sides):
        name = ".".join(str(part) for part in at)
        yield source.mistake(
            at, f"`{name}` holds for every client alike, and a canary changes it", _instead(_value(sides[0], at))
        )
    upstreams = {(api.name, version.name): version for api in running.apis for version in api.versions}
    for i, api in enumerate(canary.apis):
        for j, version in enumerate(api.versions):
            before = upstreams.get((api.name, version.name))
            for at in _upstream(before, version):
                wrong = f"`{'.'.join(map(str, at))}` of {api.name} {version.name} is one for all clients, and a canary changes it"
                old = _value(msgspec.to_builtins(before), at)
                yield source.mistake(("apis", i, "versions", j, *at), wrong, _instead(old))


def sealed_first(running: OperationTable, canary: OperationTable, source: Source) -> Iterator[Mistake]:
    """Yield a mistake where only the canary takes sealed bodies: the key for them is made when a policy holds for all."""
    seals = [any(op.demands.payload is not None for op in table.operations) for table in (running, canary)]
    if seals == [False, True]:
        wrong = "a canary cannot be the first to take sealed bodies: their key is made with a policy that holds for all"
        yield source.mistake(
            ("apis",), wrong, "leave `payload_encryption` out, or put it into the running policy first"
        )


def _settings(policy: Policy) -> dict[str, Any]:
    data = {name: value for name, value in msgspec.to_builtins(policy).items() if name not in _SPLIT}
    data["gateway"] = {name: value for name, value in data["gateway"].items() if name not in _SPLIT_OF_GATEWAY}
    return data


def _changed(at: At, old: Any, new: Any) -> Iterator[At]:
    """Yield where two documents differ, as far down as both have mappings."""
    if isinstance(old, dict) and isinstance(new, dict):
        for name in sorted(old.keys() | new.keys()):
            yield from _changed((*at, name), old.get(name), new.get(name))
    elif old != new:
        yield at


def _upstream(before: ApiVersion | None, after: ApiVersion) -> Iterator[At]:
    if before is not None:
        yield from _changed(("upstream",), *(msgspec.to_builtins(one.upstream) for one in (before, after)))


def _value(data: Mapping[str, Any], at: At) -> Any:
    found: Any = data
    for part in at:
        found = found.get(part) if isinstance(found, dict) else None
    return found


def _instead(old: Any) -> str:
    """Return what to write in place of a changed setting."""
    now = "leave it out" if old is None else f"write `{_shown(old)}`"
    return f"{now}, as it runs; change it for all clients at once, by editing the policy file in force"


_LONGEST_SHOWN: Final = 60


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"
