"""Compare what two policies say apart from their operations: listeners, the authorization server, detection, outages.

A setting that stands in no row below is told as `unclear`: a new one is never overlooked.
"""

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from ringfence.policy.difference import Compare, Difference, Direction, either, flag, more, order, taken
from ringfence.policy.model import Policy

_ABSENT: Final = "absent"
_WATCH_MODES: Final = {"off": "looser", "enforce": "stricter"}
_OTHER: Final = either("other")
_UNCLEAR: Final = either("unclear")


def _appears(direction: Direction) -> Compare:
    """Return the comparison of something whose presence has a direction."""
    gone: Direction = {"stricter": "looser", "looser": "stricter"}.get(direction, direction)  # type: ignore[assignment]  # the same words

    def compare(old: Any, new: Any) -> Iterator[tuple[Direction, str]]:
        if old in (None, "", _ABSENT):
            yield direction, "is there now"
        elif new in (None, "", _ABSENT):
            yield gone, "is gone"
        else:
            yield "unclear", "changed"

    return compare


def _demanded(old: Any, new: Any) -> Iterator[tuple[Direction, str]]:
    """Things that are demanded: more of them is stricter."""
    yield from (("stricter", f"{one} is demanded now") for one in new if one not in old)
    yield from (("looser", f"{one} is no longer demanded") for one in old if one not in new)


def _watch_mode(old: Any, new: Any) -> Iterator[tuple[Direction, str]]:
    """A mode over the rule's own, which is known to detection only."""
    modes = ("off", "shadow", "alert", "enforce")
    if old in modes and new in modes:
        yield from order(*modes)(old, new)
    elif new in _WATCH_MODES:
        yield ("looser" if new == "off" else "stricter"), f"{new} now, in place of the rule's own mode"
    elif old in _WATCH_MODES:
        yield ("stricter" if old == "off" else "looser"), f"the rule's own mode now, was {old}"
    else:
        yield "unclear", f"{new} now, was {old}"


ROWS: Final[tuple[tuple[str, Compare], ...]] = (
    ("version", _OTHER),
    ("issuer", _OTHER),
    ("mtls_url", _OTHER),
    ("hosts", taken()),
    ("state", _OTHER),
    ("keys", _OTHER),
    ("records", _OTHER),
    ("records.*", _OTHER),
    ("records.tls", order("off", "verify")),
    ("listeners.mtls", _appears("looser")),
    ("listeners.*.address", _OTHER),
    ("listeners.*.port", _OTHER),
    ("listeners.*.udp_port", _OTHER),
    ("listeners.*.max_connections", _OTHER),
    ("listeners.*.tls.minimum", order("1.2", "1.3")),
    ("listeners.*.tls.*", _OTHER),
    ("listeners.mtls.client_certificates.authorities", taken()),
    ("listeners.mtls.client_certificates.self_signed", flag(strict=False)),
    ("gateway.workers", _OTHER),
    ("gateway.max_header_bytes", more("looser")),
    ("gateway.max_json_depth", more("looser")),
    ("gateway.token_cache_entries", _OTHER),
    ("gateway.proof_window_seconds", more("looser")),
    ("gateway.clock_skew_seconds", more("looser")),
    ("gateway.tell_limits", _OTHER),
    ("gateway.core_rules", _appears("stricter")),
    ("gateway.ext_authz", _OTHER),
    ("gateway.drain_seconds", _OTHER),
    ("oauth.scopes.*", _OTHER),
    ("oauth.authorization_details.*", _appears("looser")),
    ("oauth.authorization_details.*.sentence", _OTHER),
    ("oauth.authorization_details.*.linking", _appears("stricter")),
    ("oauth.authorization_details.*.linking.valid_seconds", more("looser")),
    ("oauth.lifetimes.*", more("looser")),
    ("oauth.signing_algorithm", _OTHER),
    ("oauth.client_algorithms", taken()),
    ("oauth.dpop_nonce", order("off", "required")),
    ("oauth.second_factor_at_risk", more("looser", none=2.0)),
    ("oauth.passwords.minimum_length", more("stricter")),
    ("oauth.passwords.leaked", _appears("stricter")),
    ("oauth.clients.profiles", taken()),
    ("oauth.clients.key_overlap_seconds", more("looser")),
    ("oauth.clients.warn_before_days", _OTHER),
    ("oauth.registration", _appears("looser")),
    ("oauth.registration.require", _demanded),
    ("oauth.registration.grant_types", taken()),
    ("oauth.registration.authentication", taken()),
    ("oauth.ciba.*", more("looser")),
    ("oauth.ciba.interval_seconds", more("stricter")),
    ("oauth.may_act", taken()),
    ("oauth.login_title", _OTHER),
    ("oauth.resource", _OTHER),
    ("authorization", _appears("stricter")),
    ("authorization.cedar", _OTHER),
    ("authorization.mode", order("shadow", "enforce")),
    ("watch.rules", _UNCLEAR),
    ("watch.modes.*", _watch_mode),
    ("watch.most_groups", more("stricter")),
    ("watch.anomalies.mode", order("off", "alert")),
    ("watch.anomalies.alarms_a_day", more("stricter")),
    ("watch.anomalies.most_entities", more("stricter")),
    ("watch.anomalies.baseline", _UNCLEAR),
    ("watch.playbooks", _UNCLEAR),
    ("watch.playbook_modes.*", _UNCLEAR),
    ("watch.responses_per_hour", more("stricter")),
    ("watch.step_up_acr", _UNCLEAR),
    ("audit.origin", _OTHER),
    ("audit.checkpoint_seconds", more("looser")),
    ("audit.checkpoint_entries", more("looser")),
    ("audit.post_quantum", flag()),
    ("audit.receipts", order("off", "on")),
    ("protection.*", _OTHER),
    ("metrics", _OTHER),
    ("metrics.*", _OTHER),
    ("on_outage.events", order("spill", "refuse")),
)
"""Settings by their path, `*` for any one part. The row that names more of its parts counts."""

_WHOLE: Final = frozenset({"schema"})
"""Members whose inside is one value."""
_APART: Final = ("apis", "limits")
"""Compared operation by operation, where they act."""


def compare_settings(old: Policy, new: Policy) -> Iterator[Difference]:
    """Yield how the settings differ, each with its path in the policy file."""
    sides = []
    for policy in (old, new):
        data = msgspec.to_builtins(policy)
        sides.append({name: value for name, value in data.items() if name not in _APART})
    yield from _walk((), *sides)


def _walk(path: tuple[str, ...], old: Any, new: Any) -> Iterator[Difference]:
    if old == new:
        return
    if isinstance(old, dict) and isinstance(new, dict) and (not path or path[-1] not in _WHOLE):
        for name in sorted(old.keys() | new.keys()):
            yield from _walk((*path, name), old.get(name, _ABSENT), new.get(name, _ABSENT))
        return
    for direction, what in _row(path)(old, new):
        yield Difference(direction, ".".join(path), what)


def _row(path: tuple[str, ...]) -> Compare:
    found = [(pattern.split("."), compare) for pattern, compare in ROWS if _fits(pattern.split("."), path)]
    return max(found, key=lambda row: sum(part != "*" for part in row[0]))[1] if found else _UNCLEAR


def _fits(pattern: list[str], path: tuple[str, ...]) -> bool:
    return len(pattern) == len(path) and all(p in ("*", part) for p, part in zip(pattern, path, strict=True))
