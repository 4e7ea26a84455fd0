"""Find the customer whom a security event is about, by the rules of the policy and by nothing else.  RFC 9493 §3; OpenID Shared Signals Framework §5.

An identifier that no rule fits, or that leads to nobody, is about nobody: it is never widened until it fits. What a
complex subject narrows down, one login or one client, stays narrow.
"""

from typing import Any, Final

import msgspec

from ringfence.clock import Instant
from ringfence.oauth.exchange import Server
from ringfence.oauth.signals.transmitters import Known
from ringfence.policy.signals_model import SubjectRule
from ringfence.problem import Refused
from ringfence.store.model import User

LONGEST_VALUE: Final = 255
MOST_ALIASES: Final = 10

_ACCT: Final = "acct:"
_SIMPLE: Final = {"email": "email", "opaque": "id", "account": "uri"}
"""The member that holds what an identifier says.  RFC 9493 §3.2.1, §3.2.2, §3.2.4."""

_ABOUT_MEMBERS: Final = frozenset({"format", "user", "session", "application"})


class Meant(msgspec.Struct, frozen=True):
    """Whom an event is about."""

    user: str
    """Our id of the customer; empty: nobody whom we know."""
    session: str = ""
    """The `sid` of the one login that is meant; empty: all of the customer's."""
    client: str = ""
    """The one client that is meant; empty: all."""


NOBODY: Final = Meant("")


async def whom(subject: Any, transmitter: Known, server: Server, now: Instant) -> Meant:
    """Return whom a `sub_id` means.

    Args:
        subject: as it stands in the event; of whatever type.
        transmitter: whose rules count.
        server: settings and ports.
        now: the present.

    Raises:
        Unavailable: the records or a file of the policy's cannot be read.
    """
    if not isinstance(subject, dict):
        return NOBODY
    if subject.get("format") != "complex":
        return Meant(await _user(subject, transmitter, server))
    if not subject.keys() <= _ABOUT_MEMBERS | set(transmitter.rule.passes_over):
        return NOBODY
    user = await _user(subject["user"], transmitter, server) if "user" in subject else ""
    client = _opaque(subject["application"]) if "application" in subject else ""
    if ("user" in subject and not user) or ("application" in subject and not client):
        return NOBODY
    if "session" not in subject:
        return Meant(user, client=client) if user else NOBODY
    session = await _session(subject["session"], user, transmitter, server, now)
    return msgspec.structs.replace(session, client=client)


async def _session(value: Any, user: str, transmitter: Known, server: Server, now: Instant) -> Meant:
    """Return the one login that is meant, of this customer where one is named."""
    sid = _opaque(value) if transmitter.rule.sessions == "sid" else ""
    found = await server.ports.records.session_by_sid(sid, now) if sid else None
    if found is None or (user and found.user_id != user):
        return NOBODY
    return Meant(found.user_id, found.sid)


def _opaque(value: Any) -> str:
    fits = isinstance(value, dict) and value.keys() == {"format", "id"} and value["format"] == "opaque"
    return _text(value["id"]) if fits else ""


async def _user(subject: Any, transmitter: Known, server: Server) -> str:
    """Return the customer whom a simple identifier means, or `""`."""
    if not isinstance(subject, dict):
        return ""
    if subject.get("format") == "aliases":
        return await _one_of(subject.get("identifiers"), transmitter, server)
    for rule in transmitter.rule.subjects:
        if value := _value(subject, rule):
            return await _found(value, rule, transmitter, server)
    return ""


async def _one_of(aliases: Any, transmitter: Known, server: Server) -> str:
    """Return the customer whom every alias that leads somewhere leads to.  RFC 9493 §3.2.8."""
    if not isinstance(aliases, list) or len(aliases) > MOST_ALIASES:
        return ""
    simple = [one for one in aliases if isinstance(one, dict) and one.get("format") != "aliases"]
    found = {await _user(one, transmitter, server) for one in simple} - {""}
    return found.pop() if len(found) == 1 else ""


def _value(subject: dict[str, Any], rule: SubjectRule) -> str:
    """Return what an identifier says, where the rule is for such ones; else `""`."""
    if subject.get("format") != rule.format:
        return ""
    if rule.format == "iss_sub":
        exact = subject.keys() == {"format", "iss", "sub"} and subject["iss"] == rule.issuer
        return _text(subject["sub"]) if exact else ""
    member = _SIMPLE[rule.format]
    value = _text(subject.get(member)) if subject.keys() == {"format", member} else ""
    if rule.format == "opaque":
        return value
    if rule.format == "account":
        if not value.startswith(_ACCT):
            return ""
        value = value.removeprefix(_ACCT)
    local, at, domain = value.rpartition("@")
    if not (local and at and domain):
        return ""
    if rule.domain and domain.lower() != rule.domain:
        return ""
    if rule.format == "account" and rule.domain:
        return local
    return f"{local}@{domain.lower()}"


def _text(value: Any) -> str:
    return value if isinstance(value, str) and len(value) <= LONGEST_VALUE and value.isprintable() else ""


async def _found(value: str, rule: SubjectRule, transmitter: Known, server: Server) -> str:
    ports, found = server.ports, None
    match rule.names:
        case "username":
            found = await ports.records.user_by_name(value)
        case "user":
            found = await ports.records.user(value)
        case "subject":
            found = await _by_subject(value, server)
        case "linked":
            name = ports.transmitters.linked(transmitter.rule.links, value)
            found = await ports.records.user_by_name(name) if name else None
    return found.user_id if found is not None else ""


async def _by_subject(value: str, server: Server) -> User | None:
    """Return the customer whom clients know by a `sub`, a pairwise one or not."""
    try:
        user_id = server.ports.subjects.user_of(value)
    except Refused:
        return None
    return await server.ports.records.user(user_id)
