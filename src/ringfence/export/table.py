"""Every kind of event and what it is in OCSF and ECS, one row each.  OCSF 1.8.0; ECS 8.17.

A kind without a row cannot be exported, which a test does not let happen. A field without a place of its own
stands under `unmapped` (OCSF), under `ringfence.` (ECS) or as `Ringfence…` (CEF): none is lost.
"""

from collections.abc import Mapping
from typing import Any, Final

from ringfence.export.choice import Choice
from ringfence.export.record import NOT_UNDERSTOOD
from ringfence.export.row import CRITICAL, HIGH, INFORMATIONAL, LOW, MEDIUM, Ecs, Ocsf, Row

_API_ACTIVITY: Final = 6003
_APPLICATION_LIFECYCLE: Final = 6002
_ACCOUNT_CHANGE: Final = 3001
_AUTHENTICATION: Final = 3002
_AUTHORIZE_SESSION: Final = 3003
_ENTITY_MANAGEMENT: Final = 3004
_DETECTION_FINDING: Final = 2004

_US: Final = {"name": "Ringfence", "vendor_name": "Ringfence"}
_SERVICE: Final = {"service.name": "Ringfence"}
_NOBODY: Final = {"user.name": "unknown"}

_WHO: Final = {
    "correlation": "metadata.correlation_uid",
    "reason": "status_detail",
    "client": "actor.app_uid",
    "grant": "actor.session.uid",
    "network": "src_endpoint",
}
_CALL: Final = {
    **_WHO,
    "user": "actor.user.uid",
    "status": "http_response.code",
    "method": "http_request.http_method",
    "path": "http_request.url.path",
    "api": "api.service.name",
    "version": "api.version",
    "operation": "api.operation",
}
_LOGIN: Final = {**_WHO, "user": "user.uid", "username_hash": "user.uid_alt", "scopes": "privileges"}
_CLIENT_LOGIN: Final = {**_WHO, "client": "user.uid", "user": "actor.user.uid"}
_ENTITY: Final = {**_WHO, "why": "status_detail", "user": "actor.user.uid", "actor": "actor.user.name"}
_EVIDENCE: Final = {
    "correlation": "metadata.correlation_uid",
    "alert": "finding_info.uid",
    "title": "finding_info.title",
    "explanation": "finding_info.desc",
    "rule": "finding_info.analytic.uid",
    "client": "evidences.0.actor.app_uid",
    "user": "evidences.0.actor.user.uid",
    "grant": "evidences.0.actor.session.uid",
    "network": "evidences.0.src_endpoint",
}
_CALL_FILLS: Final = {"api.operation": "unknown", "actor.app_name": "unknown", "src_endpoint.name": "unknown"}
_FINDING: Final = {"finding_info.uid": "unknown"}

_ALLOWED: Final = Choice(LOW, "allowed", {True: INFORMATIONAL})
_ALWAYS: Final = Choice(INFORMATIONAL)
_ADMITTED: Final = Choice("denied", "allowed", {True: "allowed"})


def _entity(kind: str, activity: Choice[int], **places: str) -> Ocsf:
    """Something of ours that is managed: OCSF's entity, of type Other with our own word for it."""
    fills: dict[str, Any] = {"entity.type": kind, "entity.type_id": 99, "entity.name": kind}
    return Ocsf(_ENTITY_MANAGEMENT, activity, _ENTITY | places, fills)


ROWS: Final[Mapping[str, Row]] = {
    "call.decided.v1": Row(
        "API call",
        _ALLOWED,
        Ocsf(
            _API_ACTIVITY,
            Choice(99, "method", {"POST": 1, "GET": 2, "HEAD": 2, "PUT": 3, "PATCH": 3, "DELETE": 4}),
            _CALL,
            _CALL_FILLS,
        ),
        Ecs(("api", "web"), _ADMITTED),
    ),
    "login.decided.v1": Row(
        "Customer login",
        _ALLOWED,
        Ocsf(_AUTHENTICATION, Choice(1), _LOGIN, _SERVICE | _NOBODY),
        Ecs(("authentication",), Choice("start")),
    ),
    "consent.decided.v1": Row(
        "Customer's decision on what a partner asked for",
        _ALLOWED,
        Ocsf(_AUTHORIZE_SESSION, Choice(1), _LOGIN, _NOBODY | {"privileges": []}),
        Ecs(("iam", "session"), _ADMITTED),
    ),
    "consent.moved.v1": Row(
        "Consent came to another state",
        _ALWAYS,
        _entity("consent", Choice(3, "state", {"AwaitingAuthorisation": 1}), consent="entity.uid"),
        Ecs(("iam",), Choice("change", "state", {"AwaitingAuthorisation": "creation"})),
    ),
    "client.managed.v1": Row(
        "Client managed itself",
        _ALWAYS,
        _entity(
            "client",
            Choice(99, "action", {"registered": 1, "replaced": 3, "ended": 4}),
            client="entity.uid",
            name="entity.name",
        ),
        Ecs(("iam",), Choice("change", "action", {"registered": "creation", "ended": "deletion"})),
    ),
    "client.expiring.v1": Row(
        "Something that a client needs ends soon",
        Choice(LOW),
        _entity("client", Choice(99), client="entity.uid", what="status_detail"),
        Ecs(("iam",), Choice("info")),
    ),
    "session.ended.v1": Row(
        "Customer ended a session",
        _ALWAYS,
        Ocsf(
            _AUTHENTICATION,
            Choice(2),
            _LOGIN | {"session": "session.uid", "why": "status_detail"},
            _SERVICE | _NOBODY,
        ),
        Ecs(("authentication", "session"), Choice("end")),
    ),
    "backchannel.asked.v1": Row(
        "Client asks a customer who is not here",
        _ALWAYS,
        _entity("consent", Choice(1), consent="entity.uid"),
        Ecs(("authentication",), Choice("start")),
    ),
    "notice.delivered.v1": Row(
        "Notice to a client",
        Choice(LOW, "delivered", {True: INFORMATIONAL}),
        _entity("notice", Choice(99), client="entity.uid", session="actor.session.uid", private="status_detail"),
        Ecs(("session",), Choice("info")),
    ),
    "signal.pushed.v1": Row(
        "Security event to a client",
        Choice(LOW, "delivered", {True: INFORMATIONAL}),
        _entity("security event", Choice(99), jti="entity.uid", private="status_detail"),
        Ecs(("session",), Choice("info")),
    ),
    "signal.received.v1": Row(
        "Security event received",
        Choice(INFORMATIONAL, "outcome", {"acts": LOW}),
        _entity("security event", Choice(99), jti="entity.uid", session="actor.session.uid"),
        Ecs(("session", "iam"), Choice("info")),
    ),
    "authenticator.enrolled.v1": Row(
        "Customer enrolled an authenticator",
        _ALWAYS,
        Ocsf(_ACCOUNT_CHANGE, Choice(10), _LOGIN, _NOBODY),
        Ecs(("iam",), Choice("change")),
    ),
    "token.decided.v1": Row(
        "Client at the authorization server",
        _ALLOWED,
        Ocsf(
            _AUTHENTICATION,
            Choice(99, "grant_type", {"authorization_code": 4, "client_credentials": 4, "refresh_token": 5}),
            _CLIENT_LOGIN,
            _SERVICE | _NOBODY | {"user.type_id": 4},
        ),
        Ecs(("authentication",), _ADMITTED),
    ),
    "grant.revoked.v1": Row(
        "Grant revoked",
        Choice(LOW),
        _entity("grant", Choice(4), grant="entity.uid"),
        Ecs(("iam", "session"), Choice("deletion")),
    ),
    "alert.raised.v1": Row(
        "Alert",
        Choice(LOW, "level", {"informational": INFORMATIONAL, "medium": MEDIUM, "high": HIGH, "critical": CRITICAL}),
        Ocsf(
            _DETECTION_FINDING,
            Choice(1),
            _EVIDENCE,
            _FINDING
            | {
                "finding_info.analytic.type_id": 1,
                "finding_info.analytic.name": "rule",
                "status_id": 1,
                "is_alert": True,
            },
        ),
        Ecs(("intrusion_detection",), Choice("info"), "alert"),
    ),
    "alert.disposed.v1": Row(
        "Alert looked at",
        _ALWAYS,
        Ocsf(_DETECTION_FINDING, Choice(3), _EVIDENCE, _FINDING | {"status_id": 4}),
        Ecs(("intrusion_detection",), Choice("info")),
    ),
    "case.changed.v1": Row(
        "Case opened, added to, merged or closed",
        _ALWAYS,
        _entity("case", Choice(3, "action", {"opened": 1}), case="entity.uid"),
        Ecs(("configuration",), Choice("change", "action", {"opened": "creation"})),
    ),
    "silence.changed.v1": Row(
        "Silence over alerts set or ended",
        Choice(LOW),
        _entity("silence", Choice(3), silence="entity.uid"),
        Ecs(("configuration",), Choice("change")),
    ),
    "block.changed.v1": Row(
        "Block set or lifted",
        Choice(LOW),
        _entity("block", Choice(3), value="entity.uid"),
        Ecs(("iam",), Choice("change")),
    ),
    "response.changed.v1": Row(
        "Response to an alert",
        Choice(LOW, "state", {"held": HIGH}),
        _entity("response", Choice(3), value="entity.uid"),
        Ecs(("iam",), Choice("change")),
    ),
    "notification.asked.v1": Row(
        "Somebody is told of an alert",
        Choice(LOW, "level", {"informational": INFORMATIONAL, "medium": MEDIUM, "high": HIGH, "critical": CRITICAL}),
        Ocsf(
            _DETECTION_FINDING,
            Choice(2),
            _EVIDENCE,
            _FINDING | {"finding_info.analytic.type_id": 1, "finding_info.analytic.name": "rule", "status_id": 1},
        ),
        Ecs(("intrusion_detection",), Choice("info"), "alert"),
    ),
    "feed.refreshed.v1": Row(
        "Feed of threat intelligence came, did not come, or ended",
        Choice(INFORMATIONAL, "outcome", {"kept": LOW, "ended": MEDIUM}),
        _entity("feed", Choice(3), feed="entity.uid"),
        Ecs(("configuration",), Choice("change")),
    ),
    "baseline.loaded.v1": Row(
        "What is usual taken from a file",
        _ALWAYS,
        _entity("baseline", Choice(3), sha256="entity.uid"),
        Ecs(("configuration",), Choice("change")),
    ),
    "risk.cleared.v1": Row(
        "Risk cleared by an operator",
        Choice(LOW),
        _entity("risk", Choice(3), value="entity.uid"),
        Ecs(("iam",), Choice("change")),
    ),
    "admin.acted.v1": Row(
        "Change by an operator, or one refused",
        Choice(LOW, "outcome", {"done": INFORMATIONAL}),
        _entity("configuration", Choice(3), subject="entity.uid"),
        Ecs(("configuration",), Choice("change")),
    ),
    "policy.loaded.v1": Row(
        "Policy taken or refused",
        Choice(MEDIUM, "accepted", {True: INFORMATIONAL}),
        _entity("policy", Choice(3), digest="entity.uid"),
        Ecs(("configuration",), Choice("change")),
    ),
    "role.exited.v1": Row(
        "A process of ours ended unasked",
        Choice(MEDIUM),
        Ocsf(_APPLICATION_LIFECYCLE, Choice(4), {"role": "app.feature.name"}, {f"app.{k}": v for k, v in _US.items()}),
        Ecs(("process",), Choice("end")),
    ),
    NOT_UNDERSTOOD: Row(
        "An event of a later version",
        Choice(LOW),
        Ocsf(_APPLICATION_LIFECYCLE, Choice(99), {}, {f"app.{k}": v for k, v in _US.items()}),
        Ecs(("process",), Choice("info")),
    ),
    "key.used.v1": Row(
        "Key used",
        _ALWAYS,
        _entity("key", Choice(2), kid="entity.uid"),
        Ecs(("configuration",), Choice("access")),
    ),
    "key.changed.v1": Row(
        "Key made, or in another state",
        Choice(LOW),
        _entity("key", Choice(3), kid="entity.uid", by="actor.user.name"),
        Ecs(("configuration",), Choice("change")),
    ),
    "key.refused.v1": Row(
        "Signer refused what it was asked",
        Choice(LOW),
        _entity("key", Choice(2), purpose="entity.uid", by="actor.user.name"),
        Ecs(("configuration",), Choice("denied")),
    ),
    "key.approved.v1": Row(
        "What takes two approved by one",
        Choice(LOW),
        _entity("key", Choice(3), wish="entity.uid", by="actor.user.name"),
        Ecs(("configuration",), Choice("allowed")),
    ),
    "data.shredded.v1": Row(
        "A tenant's data keys destroyed",
        Choice(MEDIUM),
        _entity("data key", Choice(4), wish="entity.uid", by="actor.user.name"),
        Ecs(("configuration",), Choice("deletion")),
    ),
    "field.revealed.v1": Row(
        "Tokens turned back into what they stand for",
        Choice(LOW),
        _entity("field", Choice(2), resource="entity.uid"),
        Ecs(("database",), Choice("access")),
    ),
    "journal.ended.v1": Row(
        "A producer's journal ended",
        _ALWAYS,
        _entity("journal", Choice(99), producer="entity.uid"),
        Ecs(("process",), Choice("end")),
    ),
    "audit.witness_refused.v1": Row(
        "A witness did not cosign the audit log",
        Choice(HIGH),
        _entity("audit log", Choice(99), witness="entity.uid"),
        Ecs(("configuration",), Choice("error")),
    ),
    "audit.receipt_key.v1": Row(
        "Key for receipts made",
        _ALWAYS,
        _entity("key", Choice(1), key="entity.uid"),
        Ecs(("configuration",), Choice("creation")),
    ),
    "passkey.changed.v1": Row(
        "Passkey added or removed",
        Choice(LOW),
        Ocsf(_ACCOUNT_CHANGE, Choice(11, "added", {True: 10}), _LOGIN | {"passkey": "user.credential_uid"}, _NOBODY),
        Ecs(("iam",), Choice("change")),
    ),
    "passkey.regressed.v1": Row(
        "A passkey may have been copied",
        Choice(HIGH),
        Ocsf(_AUTHENTICATION, Choice(99), _LOGIN | {"passkey": "user.credential_uid"}, _SERVICE | _NOBODY),
        Ecs(("authentication",), Choice("info")),
    ),
    "recovery-codes.renewed.v1": Row(
        "New recovery codes",
        _ALWAYS,
        Ocsf(_ACCOUNT_CHANGE, Choice(99), _LOGIN, _NOBODY),
        Ecs(("iam",), Choice("change")),
    ),
}


def row_of(tag: str) -> Row:
    """Return the row of a kind; of one that has none, the row of what is not understood."""
    return ROWS.get(tag, ROWS[NOT_UNDERSTOOD])
