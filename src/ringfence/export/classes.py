"""What each field of an event is, in one table: the only place that decides what redaction takes hold of.

`fact` and `digest` say nothing of a person; a digest may look like a token, and is left as it is. `identifier` names a client, a grant, a consent or a call;
`personal` names a customer or an operator; `network` says from where; `free` is text that somebody wrote.
A field that may hold several kinds of things has all their classes.
"""

from collections.abc import Mapping
from typing import Final, Literal

Class = Literal["fact", "digest", "identifier", "personal", "network", "free"]
Classes = tuple[Class, ...]

_FACT: Final[Classes] = ("fact",)
_DIGEST: Final[Classes] = ("digest",)
_IDENTIFIER: Final[Classes] = ("identifier",)
_PERSONAL: Final[Classes] = ("personal",)
_FREE: Final[Classes] = ("free",)

FIELDS: Final[Mapping[str, Classes]] = {
    "accepted": _FACT,
    "action": _FACT,
    "actor": _PERSONAL,
    "actors": _IDENTIFIER,
    "alert": _IDENTIFIER,
    "allowed": _FACT,
    "api": _FACT,
    "at": _FACT,
    "attempts": _FACT,
    "client": _IDENTIFIER,
    "code": _FACT,
    "consent": _IDENTIFIER,
    "correlation": _IDENTIFIER,
    "delivered": _FACT,
    "differs": _FACT,
    "digest": _DIGEST,
    "disposition": _FACT,
    "endpoint": _FACT,
    "ends_at": _FACT,
    "expires_at": _FACT,
    "explanation": _FREE,
    "grant": _IDENTIFIER,
    "grant_type": _FACT,
    "kind": _FACT,
    "level": _FACT,
    "method": _FACT,
    "micros": _FACT,
    "mistakes": _FREE,
    "mode": _FACT,
    "name": _FREE,
    "network": ("network",),
    "of": _FACT,
    "operation": _FACT,
    "path": _FREE,
    "private": _FREE,
    "playbook": _FACT,
    "reason": _FACT,
    "request_bytes": _FACT,
    "response_bytes": _FACT,
    "restart_in": _FACT,
    "role": _FACT,
    "response": _IDENTIFIER,
    "rule": _FACT,
    "said": _FACT,
    "scopes": _FACT,
    "session": _IDENTIFIER,
    "signed_by": ("digest", "identifier"),
    "software_id": _IDENTIFIER,
    "state": _FACT,
    "statement_issuer": _IDENTIFIER,
    "status": _FACT,
    "stripped": _FACT,
    "subject": ("identifier", "personal"),
    "suspicious": _FACT,
    "text_sha256": _DIGEST,
    "text_version": _FACT,
    "title": _FACT,
    "trace": _IDENTIFIER,
    "until": _FACT,
    "upstream_micros": _FACT,
    "user": _PERSONAL,
    "username_hash": ("digest", "personal"),
    "value": ("identifier", "personal", "network"),
    "version": _FACT,
    "what": _FREE,
    "why": _FREE,
    "acr": _FACT,
    "added": _FACT,
    "by": _PERSONAL,
    "count": _FACT,
    "first_at": _FACT,
    "key": _IDENTIFIER,
    "kid": ("digest", "identifier"),
    "last_at": _FACT,
    "left": _FACT,
    "passkey": ("digest", "identifier"),
    "producer": _FACT,
    "purpose": _FACT,
    "seen": _FACT,
    "sha256": _DIGEST,
    "shown": _FACT,
    "size": _FACT,
    "witness": _IDENTIFIER,
    "witness_size": _FACT,
    "binding": _FACT,
    "login_age": _FACT,
    "replayed": _FACT,
    "rules": _FACT,
}
"""By field name: a name means the same in every event."""
