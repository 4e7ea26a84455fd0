"""Why something was refused, and what the caller is told.  RFC 9457; RFC 6749 §5.2; RFC 6750 §3.1.

One enum, one table. A check raises `Refused(Reason.X)`; the edges of the program render it as a
problem document or as an OAuth error. `detail` is for the caller; `private` is for our own log and
never leaves. A failure that has no reason of its own is `INTERNAL`.
"""

import enum
from typing import Any, Final

import msgspec

from ringfence.ids import CorrelationId

PROBLEM_TYPE_PREFIX: Final = "urn:ringfence:problem:"


class Reason(enum.Enum):
    """Every reason for which Ringfence refuses; the value is the problem type's last part."""

    # what arrived is not a message we read
    MALFORMED_REQUEST = "malformed-request"
    AMBIGUOUS_HEADER = "ambiguous-header"
    UNSAFE_PATH = "unsafe-path"
    HEADERS_TOO_LARGE = "headers-too-large"
    BODY_TOO_LARGE = "body-too-large"
    BODY_INCOMPLETE = "body-incomplete"
    ENCODED_BODY = "encoded-body"
    UNKNOWN_HOST = "unknown-host"
    CALLER_GONE = "caller-gone"
    # nothing is there
    UNKNOWN_PATH = "unknown-path"
    METHOD_NOT_ALLOWED = "method-not-allowed"
    NOT_EXPOSED = "not-exposed"
    NOT_FOUND = "not-found"
    CONFLICT = "conflict"
    # who calls
    TOKEN_MISSING = "token-missing"  # noqa: S105
    TOKEN_MALFORMED = "token-malformed"  # noqa: S105
    TOKEN_ALGORITHM = "token-algorithm"  # noqa: S105
    TOKEN_SIGNATURE = "token-signature"  # noqa: S105
    TOKEN_EXPIRED = "token-expired"  # noqa: S105
    TOKEN_NOT_YET_VALID = "token-not-yet-valid"  # noqa: S105
    TOKEN_ISSUER = "token-issuer"  # noqa: S105
    TOKEN_AUDIENCE = "token-audience"  # noqa: S105
    TOKEN_REVOKED = "token-revoked"  # noqa: S105
    TOKEN_NOT_BOUND = "token-not-bound"  # noqa: S105
    TOKEN_IN_QUERY = "token-in-query"  # noqa: S105
    SCHEME_MISMATCH = "scheme-mismatch"
    PROOF_MISSING = "proof-missing"
    PROOF_MALFORMED = "proof-malformed"
    PROOF_ALGORITHM = "proof-algorithm"
    PROOF_SIGNATURE = "proof-signature"
    PROOF_METHOD = "proof-method"
    PROOF_URL = "proof-url"
    PROOF_STALE = "proof-stale"
    PROOF_TOKEN_HASH = "proof-token-hash"  # noqa: S105
    PROOF_KEY = "proof-key"
    PROOF_REPLAYED = "proof-replayed"
    PROOF_NONCE = "proof-nonce"
    SIGNATURE_MISSING = "signature-missing"
    SIGNATURE_MALFORMED = "signature-malformed"
    SIGNATURE_COVERAGE = "signature-coverage"
    SIGNATURE_KEY = "signature-key"
    SIGNATURE_ALGORITHM = "signature-algorithm"
    SIGNATURE_INVALID = "signature-invalid"
    SIGNATURE_STALE = "signature-stale"
    SIGNATURE_REPLAYED = "signature-replayed"
    CONTENT_DIGEST = "content-digest"
    CERTIFICATE_MISSING = "certificate-missing"
    CERTIFICATE_MISMATCH = "certificate-mismatch"
    SCOPE_MISSING = "scope-missing"
    USER_REQUIRED = "user-required"
    AUTHENTICATION_INSUFFICIENT = "authentication-insufficient"
    OBJECT_NOT_GRANTED = "object-not-granted"
    PAYMENT_CHANGED = "payment-changed"
    CONSENT_USED = "consent-used"
    # rules about money and people
    AMOUNT_OUT_OF_BOUNDS = "amount-out-of-bounds"
    CURRENCY_NOT_TAKEN = "currency-not-taken"
    TOTAL_EXCEEDED = "total-exceeded"
    CALLS_EXCEEDED = "calls-exceeded"
    OUTSIDE_HOURS = "outside-hours"
    CORRIDOR_CLOSED = "corridor-closed"
    RULE_NOT_MET = "rule-not-met"
    POLICY_DENIED = "policy-denied"
    CONSENT_EXCEEDED = "consent-exceeded"
    CONSENT_OUT_OF_TIME = "consent-out-of-time"
    PAYEE_NEW = "payee-new"
    CUSTOMER_ABSENT = "customer-absent"
    FACT_MISSING = "fact-missing"
    # the same call again
    IDEMPOTENCY_KEY = "idempotency-key"
    IDEMPOTENCY_MISMATCH = "idempotency-mismatch"
    IDEMPOTENCY_UNDER_WAY = "idempotency-under-way"
    IDEMPOTENCY_UNCLEAR = "idempotency-unclear"
    # how much
    RATE_LIMITED = "rate-limited"
    QUOTA_EXCEEDED = "quota-exceeded"
    CALLS_IN_FLIGHT = "calls-in-flight"
    NETWORK_BLOCKED = "network-blocked"
    # what it says
    MEDIA_TYPE = "media-type"
    BODY_MISSING = "body-missing"
    BODY_UNEXPECTED = "body-unexpected"
    JSON_MALFORMED = "json-malformed"
    JSON_DUPLICATE_KEY = "json-duplicate-key"
    JSON_TOO_DEEP = "json-too-deep"
    BODY_INVALID = "body-invalid"
    BODY_SIGNATURE_MISSING = "body-signature-missing"
    BODY_SIGNATURE_MALFORMED = "body-signature-malformed"
    BODY_SIGNATURE_ALGORITHM = "body-signature-algorithm"
    BODY_SIGNATURE_INVALID = "body-signature-invalid"
    BODY_SIGNATURE_CLAIMS = "body-signature-claims"
    BODY_SIGNATURE_STALE = "body-signature-stale"
    BODY_SIGNATURE_REPLAYED = "body-signature-replayed"
    TEXT_NOT_NORMAL = "text-not-normal"
    PARAMETER_INVALID = "parameter-invalid"
    PARAMETER_UNKNOWN = "parameter-unknown"
    PARAMETER_DUPLICATE = "parameter-duplicate"
    SUSPICIOUS_TEXT = "suspicious-text"
    FIELD_UNREADABLE = "field-unreadable"
    PAYLOAD_UNOPENED = "payload-unopened"
    ENCRYPTION_KEY = "encryption-key"
    # behind us
    UPSTREAM_UNREACHABLE = "upstream-unreachable"
    UPSTREAM_TIMEOUT = "upstream-timeout"
    UPSTREAM_INVALID = "upstream-invalid"
    UPSTREAM_BUSY = "upstream-busy"
    UPSTREAM_FAILED = "upstream-failed"
    UPSTREAM_UNDECLARED = "upstream-undeclared"
    UPSTREAM_FIELD = "upstream-field"
    UNAVAILABLE = "unavailable"
    OVERLOADED = "overloaded"
    INTERNAL = "internal"
    # the authorization server
    CLIENT_UNKNOWN = "client-unknown"
    CLIENT_AUTHENTICATION = "client-authentication"
    CLIENT_UNAUTHORIZED = "client-unauthorized"
    ASSERTION_INVALID = "assertion-invalid"
    ASSERTION_REPLAYED = "assertion-replayed"
    OAUTH_REQUEST = "oauth-request"
    OAUTH_PARAMETER_DUPLICATE = "oauth-parameter-duplicate"
    PUSHED_REQUEST_REQUIRED = "pushed-request-required"
    REQUEST_URI_INVALID = "request-uri-invalid"
    REQUEST_OBJECT_INVALID = "request-object-invalid"
    RESPONSE_TYPE_UNSUPPORTED = "response-type-unsupported"
    REDIRECT_URI_INVALID = "redirect-uri-invalid"
    PKCE_REQUIRED = "pkce-required"
    SCOPE_INVALID = "scope-invalid"
    DETAILS_INVALID = "details-invalid"
    GRANT_ID_INVALID = "grant-id-invalid"
    AUTHENTICATION_UNMET = "authentication-unmet"
    ACCESS_DENIED = "access-denied"
    LOGIN_REQUIRED = "login-required"
    GRANT_INVALID = "grant-invalid"
    GRANT_REPLAYED = "grant-replayed"
    GRANT_TYPE_UNSUPPORTED = "grant-type-unsupported"
    BINDING_MESSAGE_INVALID = "binding-message-invalid"
    LOGIN_HINT_EXPIRED = "login-hint-expired"
    AUTHORIZATION_PENDING = "authorization-pending"
    SLOW_DOWN = "slow-down"
    AUTH_REQUEST_EXPIRED = "auth-request-expired"
    SUBJECT_TOKEN_INVALID = "subject-token-invalid"  # noqa: S105
    TARGET_INVALID = "target-invalid"
    LOGIN_FAILED = "login-failed"
    SECOND_FACTOR = "second-factor"
    SECOND_FACTOR_LACKING = "second-factor-lacking"
    PASSKEY_INVALID = "passkey-invalid"
    LOGIN_THROTTLED = "login-throttled"
    SESSION_INVALID = "session-invalid"
    # clients that register themselves
    REGISTRATION_TOKEN = "registration-token"  # noqa: S105
    CLIENT_METADATA = "client-metadata"
    REDIRECT_URI_UNFIT = "redirect-uri-unfit"
    STATEMENT_INVALID = "statement-invalid"
    STATEMENT_UNAPPROVED = "statement-unapproved"
    # what an operator wrote or asked for
    # a security event that somebody sends us
    SIGNAL_REQUEST = "signal-request"
    SIGNAL_KEY = "signal-key"
    SIGNAL_ISSUER = "signal-issuer"
    SIGNAL_AUDIENCE = "signal-audience"
    SIGNAL_AUTHENTICATION = "signal-authentication"
    SIGNAL_DENIED = "signal-denied"
    SIGNALS_TOO_MANY = "signals-too-many"
    POLICY_INVALID = "policy-invalid"
    ADMIN_REQUEST = "admin-request"


class Meaning(msgspec.Struct, frozen=True):
    """What a reason means outside: HTTP status, OAuth error code, title in the caller's terms."""

    status: int
    oauth: str
    title: str


def _m(status: int, oauth: str, title: str) -> Meaning:
    return Meaning(status, oauth, title)


MEANINGS: Final[dict[Reason, Meaning]] = {
    Reason.MALFORMED_REQUEST: _m(400, "invalid_request", "The request is not well-formed HTTP"),
    Reason.AMBIGUOUS_HEADER: _m(400, "invalid_request", "A header that must appear once is repeated or merged"),
    Reason.UNSAFE_PATH: _m(400, "invalid_request", "The path holds a sequence that could be read two ways"),
    Reason.HEADERS_TOO_LARGE: _m(431, "invalid_request", "The request headers are too large"),
    Reason.BODY_TOO_LARGE: _m(413, "invalid_request", "The request body is larger than this operation takes"),
    Reason.BODY_INCOMPLETE: _m(400, "invalid_request", "The request body ended early"),
    Reason.ENCODED_BODY: _m(415, "invalid_request", "Encoded request bodies are not taken"),
    Reason.UNKNOWN_HOST: _m(421, "invalid_request", "This server does not answer for that host"),
    Reason.CALLER_GONE: _m(499, "invalid_request", "The caller left before the answer"),
    Reason.UNKNOWN_PATH: _m(404, "invalid_request", "No operation has this path"),
    Reason.METHOD_NOT_ALLOWED: _m(405, "invalid_request", "This path has no operation with that method"),
    Reason.NOT_EXPOSED: _m(404, "invalid_request", "No operation has this path"),
    Reason.NOT_FOUND: _m(404, "invalid_request", "There is no such thing"),
    Reason.CONFLICT: _m(409, "invalid_request", "It conflicts with what is there"),
    Reason.TOKEN_MISSING: _m(401, "", "An access token is needed"),
    Reason.TOKEN_MALFORMED: _m(401, "invalid_token", "The access token is not a JWT that this API takes"),
    Reason.TOKEN_ALGORITHM: _m(401, "invalid_token", "The access token's algorithm is not the issuer's"),
    Reason.TOKEN_SIGNATURE: _m(401, "invalid_token", "The access token's signature does not verify"),
    Reason.TOKEN_EXPIRED: _m(401, "invalid_token", "The access token has expired"),
    Reason.TOKEN_NOT_YET_VALID: _m(401, "invalid_token", "The access token is not valid yet"),
    Reason.TOKEN_ISSUER: _m(401, "invalid_token", "The access token is from another issuer"),
    Reason.TOKEN_AUDIENCE: _m(401, "invalid_token", "The access token is for another API"),
    Reason.TOKEN_REVOKED: _m(401, "invalid_token", "The access token has been revoked"),
    Reason.TOKEN_NOT_BOUND: _m(401, "invalid_token", "The access token is not bound to a key or certificate"),
    Reason.TOKEN_IN_QUERY: _m(400, "invalid_request", "An access token in the URL is not taken"),
    Reason.SCHEME_MISMATCH: _m(401, "invalid_token", "The token is presented under the wrong scheme"),
    Reason.PROOF_MISSING: _m(401, "invalid_dpop_proof", "A DPoP proof is needed with this token"),
    Reason.PROOF_MALFORMED: _m(401, "invalid_dpop_proof", "The DPoP proof is not well-formed"),
    Reason.PROOF_ALGORITHM: _m(401, "invalid_dpop_proof", "The DPoP proof's algorithm is not taken"),
    Reason.PROOF_SIGNATURE: _m(401, "invalid_dpop_proof", "The DPoP proof's signature does not verify"),
    Reason.PROOF_METHOD: _m(401, "invalid_dpop_proof", "The DPoP proof was made for another method"),
    Reason.PROOF_URL: _m(401, "invalid_dpop_proof", "The DPoP proof was made for another URL"),
    Reason.PROOF_STALE: _m(401, "invalid_dpop_proof", "The DPoP proof is too old or from the future"),
    Reason.PROOF_TOKEN_HASH: _m(401, "invalid_dpop_proof", "The DPoP proof was made for another token"),
    Reason.PROOF_KEY: _m(401, "invalid_token", "The token is bound to another key"),
    Reason.PROOF_REPLAYED: _m(401, "invalid_dpop_proof", "The DPoP proof has been used before"),
    Reason.PROOF_NONCE: _m(401, "use_dpop_nonce", "The DPoP proof needs a nonce from this server"),
    Reason.SIGNATURE_MISSING: _m(401, "", "This operation needs an HTTP message signature over the request"),
    Reason.SIGNATURE_MALFORMED: _m(401, "", "The HTTP message signature is not well-formed"),
    Reason.SIGNATURE_COVERAGE: _m(401, "", "The HTTP message signature leaves out a part that it must cover"),
    Reason.SIGNATURE_KEY: _m(401, "", "The HTTP message signature names a key that the client has not registered"),
    Reason.SIGNATURE_ALGORITHM: _m(401, "", "The HTTP message signature's algorithm is not its key's"),
    Reason.SIGNATURE_INVALID: _m(401, "", "The HTTP message signature does not verify"),
    Reason.SIGNATURE_STALE: _m(401, "", "The HTTP message signature is too old or from the future"),
    Reason.SIGNATURE_REPLAYED: _m(401, "", "The HTTP message signature has been used before"),
    Reason.CONTENT_DIGEST: _m(401, "", "The Content-Digest header does not fit the body"),
    Reason.CERTIFICATE_MISSING: _m(401, "invalid_token", "The token is bound to a certificate that was not presented"),
    Reason.CERTIFICATE_MISMATCH: _m(401, "invalid_token", "The token is bound to another certificate"),
    Reason.SCOPE_MISSING: _m(403, "insufficient_scope", "The token lacks a scope that this operation needs"),
    Reason.USER_REQUIRED: _m(403, "insufficient_scope", "This operation needs a token that a customer consented to"),
    Reason.AUTHENTICATION_INSUFFICIENT: _m(
        401, "insufficient_user_authentication", "The customer's login is too weak or too old for this"
    ),
    Reason.OBJECT_NOT_GRANTED: _m(403, "access_denied", "The customer's consent does not name this"),
    Reason.PAYMENT_CHANGED: _m(403, "access_denied", "The payment is not the one that the customer approved"),
    Reason.CONSENT_USED: _m(403, "access_denied", "The payment's consent has been used, withdrawn or has expired"),
    Reason.AMOUNT_OUT_OF_BOUNDS: _m(403, "access_denied", "The amount is not one that this operation takes"),
    Reason.CURRENCY_NOT_TAKEN: _m(403, "access_denied", "The currency is not one that this operation takes"),
    Reason.TOTAL_EXCEEDED: _m(
        429, "access_denied", "The amounts together are more than may be paid for the time being"
    ),
    Reason.CALLS_EXCEEDED: _m(429, "access_denied", "More calls of this kind than may be made for the time being"),
    Reason.OUTSIDE_HOURS: _m(403, "access_denied", "This operation is closed at this time"),
    Reason.CORRIDOR_CLOSED: _m(403, "access_denied", "This operation is not open between these countries"),
    Reason.RULE_NOT_MET: _m(403, "access_denied", "The call does not fulfil a condition of this operation"),
    Reason.POLICY_DENIED: _m(403, "access_denied", "The policies for this operation do not permit the call"),
    Reason.CONSENT_EXCEEDED: _m(403, "access_denied", "The call goes beyond what the customer's consent allows"),
    Reason.CONSENT_OUT_OF_TIME: _m(403, "access_denied", "The customer's consent does not hold at this time"),
    Reason.PAYEE_NEW: _m(403, "access_denied", "The payment is more than may go to a new payee"),
    Reason.CUSTOMER_ABSENT: _m(
        429, "access_denied", "More calls without the customer than may be made for the time being"
    ),
    Reason.FACT_MISSING: _m(403, "access_denied", "The call leaves out what a rule has to know"),
    Reason.IDEMPOTENCY_KEY: _m(400, "invalid_request", "The operation needs one idempotency key"),
    Reason.IDEMPOTENCY_MISMATCH: _m(422, "invalid_request", "The idempotency key was used for another call"),
    Reason.IDEMPOTENCY_UNDER_WAY: _m(409, "invalid_request", "The call with this idempotency key is under way"),
    Reason.IDEMPOTENCY_UNCLEAR: _m(
        409, "invalid_request", "What came of the call with this idempotency key is not known here"
    ),
    Reason.RATE_LIMITED: _m(429, "temporarily_unavailable", "Too many calls"),
    Reason.QUOTA_EXCEEDED: _m(429, "temporarily_unavailable", "The calls of this day or month are used up"),
    Reason.CALLS_IN_FLIGHT: _m(429, "temporarily_unavailable", "Too many calls at once"),
    Reason.NETWORK_BLOCKED: _m(403, "access_denied", "Calls from this network are not taken for the time being"),
    Reason.MEDIA_TYPE: _m(415, "invalid_request", "The operation does not take this media type"),
    Reason.BODY_MISSING: _m(400, "invalid_request", "The operation needs a request body"),
    Reason.BODY_UNEXPECTED: _m(400, "invalid_request", "The operation takes no request body"),
    Reason.JSON_MALFORMED: _m(400, "invalid_request", "The body is not well-formed JSON"),
    Reason.JSON_DUPLICATE_KEY: _m(400, "invalid_request", "The body names a member twice"),
    Reason.JSON_TOO_DEEP: _m(400, "invalid_request", "The body is nested too deeply"),
    Reason.BODY_INVALID: _m(400, "invalid_request", "The body does not fit the operation's schema"),
    Reason.BODY_SIGNATURE_MISSING: _m(400, "invalid_request", "The operation needs a signed body"),
    Reason.BODY_SIGNATURE_MALFORMED: _m(400, "invalid_request", "The body's signature is not well-formed"),
    Reason.BODY_SIGNATURE_ALGORITHM: _m(
        400, "invalid_request", "The body's signature has another algorithm than its key"
    ),
    Reason.BODY_SIGNATURE_INVALID: _m(400, "invalid_request", "The body's signature does not verify"),
    Reason.BODY_SIGNATURE_CLAIMS: _m(400, "invalid_request", "The body is signed by or for somebody else"),
    Reason.BODY_SIGNATURE_STALE: _m(400, "invalid_request", "The body's signature is expired or from the future"),
    Reason.BODY_SIGNATURE_REPLAYED: _m(400, "invalid_request", "The signed body has been used before"),
    Reason.TEXT_NOT_NORMAL: _m(400, "invalid_request", "A text is not in the one normal form (Unicode NFC)"),
    Reason.PARAMETER_INVALID: _m(400, "invalid_request", "A parameter does not fit its schema"),
    Reason.PARAMETER_UNKNOWN: _m(400, "invalid_request", "The operation has no such parameter"),
    Reason.PARAMETER_DUPLICATE: _m(400, "invalid_request", "A parameter appears more than once"),
    Reason.SUSPICIOUS_TEXT: _m(400, "invalid_request", "A text reads like an attempt to inject code"),
    Reason.FIELD_UNREADABLE: _m(400, "invalid_request", "A protected field does not hold what can be read there"),
    Reason.PAYLOAD_UNOPENED: _m(400, "invalid_request", "The sealed body could not be opened"),
    Reason.ENCRYPTION_KEY: _m(
        403, "access_denied", "The answer is sealed to the client, which has no key for encryption that can be used"
    ),
    Reason.UPSTREAM_UNREACHABLE: _m(502, "server_error", "The API behind this address cannot be reached"),
    Reason.UPSTREAM_TIMEOUT: _m(504, "server_error", "The API behind this address did not answer in time"),
    Reason.UPSTREAM_INVALID: _m(
        502, "server_error", "The API behind this address gave an answer that cannot be passed on"
    ),
    Reason.UPSTREAM_BUSY: _m(503, "temporarily_unavailable", "The API behind this address is at its limit"),
    Reason.UPSTREAM_FAILED: _m(502, "server_error", "The API behind this address failed"),
    Reason.UPSTREAM_UNDECLARED: _m(
        502, "server_error", "The API behind this address gave an answer that its description does not have"
    ),
    Reason.UPSTREAM_FIELD: _m(
        502, "server_error", "The API behind this address gave a protected field that cannot be passed on"
    ),
    Reason.UNAVAILABLE: _m(503, "temporarily_unavailable", "The service cannot decide this call at present"),
    Reason.OVERLOADED: _m(503, "temporarily_unavailable", "The service is at its limit"),
    Reason.INTERNAL: _m(500, "server_error", "Something went wrong on our side"),
    Reason.CLIENT_UNKNOWN: _m(401, "invalid_client", "The client is not known"),
    Reason.CLIENT_AUTHENTICATION: _m(401, "invalid_client", "The client did not authenticate as registered"),
    Reason.CLIENT_UNAUTHORIZED: _m(400, "unauthorized_client", "The client is not allowed to do this"),
    Reason.ASSERTION_INVALID: _m(401, "invalid_client", "The client assertion does not verify"),
    Reason.ASSERTION_REPLAYED: _m(401, "invalid_client", "The client assertion has been used before"),
    Reason.OAUTH_REQUEST: _m(400, "invalid_request", "The request lacks something or holds something it must not"),
    Reason.OAUTH_PARAMETER_DUPLICATE: _m(400, "invalid_request", "A parameter appears more than once"),
    Reason.PUSHED_REQUEST_REQUIRED: _m(400, "invalid_request", "The authorization request must be pushed first"),
    Reason.REQUEST_URI_INVALID: _m(400, "invalid_request_uri", "The request_uri is unknown, used or expired"),
    Reason.REQUEST_OBJECT_INVALID: _m(400, "invalid_request_object", "The request object is not one that is taken"),
    Reason.RESPONSE_TYPE_UNSUPPORTED: _m(400, "unsupported_response_type", "Only response_type=code is taken"),
    Reason.REDIRECT_URI_INVALID: _m(400, "invalid_request", "The redirect_uri is not one that the client registered"),
    Reason.PKCE_REQUIRED: _m(400, "invalid_request", "A code_challenge with method S256 is needed"),
    Reason.SCOPE_INVALID: _m(400, "invalid_scope", "The scope is unknown or not allowed to this client"),
    Reason.DETAILS_INVALID: _m(
        400, "invalid_authorization_details", "The authorization_details are not ones that this client may ask for"
    ),
    Reason.GRANT_ID_INVALID: _m(400, "invalid_grant_id", "The grant_id is unknown, another client's or has ended"),
    Reason.AUTHENTICATION_UNMET: _m(
        400, "unmet_authentication_requirements", "No login here reaches what acr_values asks for"
    ),
    Reason.ACCESS_DENIED: _m(403, "access_denied", "The customer refused"),
    Reason.LOGIN_REQUIRED: _m(401, "login_required", "The customer has to log in"),
    Reason.GRANT_INVALID: _m(
        400, "invalid_grant", "The code or refresh token is unknown, expired, used or another client's"
    ),
    Reason.GRANT_REPLAYED: _m(
        400, "invalid_grant", "The code has been used before; everything issued from it is revoked"
    ),
    Reason.GRANT_TYPE_UNSUPPORTED: _m(400, "unsupported_grant_type", "The grant type is not taken"),
    Reason.BINDING_MESSAGE_INVALID: _m(
        400, "invalid_binding_message", "The binding_message is not one that can be shown to a customer"
    ),
    Reason.LOGIN_HINT_EXPIRED: _m(400, "expired_login_hint_token", "The login_hint_token has expired"),
    Reason.AUTHORIZATION_PENDING: _m(400, "authorization_pending", "The customer has not decided yet"),
    Reason.SLOW_DOWN: _m(400, "slow_down", "The request is polled more often than agreed"),
    Reason.AUTH_REQUEST_EXPIRED: _m(400, "expired_token", "The auth_req_id has expired"),
    Reason.SUBJECT_TOKEN_INVALID: _m(400, "invalid_request", "The subject_token is not one that can be exchanged"),
    Reason.TARGET_INVALID: _m(400, "invalid_target", "No token is given for that resource or audience"),
    Reason.LOGIN_FAILED: _m(401, "access_denied", "The user name or password is wrong"),
    Reason.SECOND_FACTOR: _m(401, "access_denied", "The second factor is missing or wrong"),
    Reason.SECOND_FACTOR_LACKING: _m(
        403, "access_denied", "A password alone does not do from this browser for a while"
    ),
    Reason.PASSKEY_INVALID: _m(401, "access_denied", "The passkey was not accepted"),
    Reason.LOGIN_THROTTLED: _m(429, "temporarily_unavailable", "Too many attempts to log in"),
    Reason.SESSION_INVALID: _m(400, "invalid_request", "The page has expired or belongs to another browser"),
    Reason.REGISTRATION_TOKEN: _m(
        401, "invalid_token", "The registration access token is missing, unknown or has been replaced"
    ),
    Reason.CLIENT_METADATA: _m(400, "invalid_client_metadata", "The client cannot be registered like this"),
    Reason.REDIRECT_URI_UNFIT: _m(400, "invalid_redirect_uri", "A redirect URI cannot be registered"),
    Reason.STATEMENT_INVALID: _m(400, "invalid_software_statement", "The software statement does not count"),
    Reason.STATEMENT_UNAPPROVED: _m(
        400, "unapproved_software_statement", "The software statement is not of an issuer that is trusted here"
    ),
    Reason.SIGNAL_REQUEST: _m(400, "invalid_request", "The security event is not one that is taken"),
    Reason.SIGNAL_KEY: _m(400, "invalid_key", "The security event is not signed by a key of its issuer"),
    Reason.SIGNAL_ISSUER: _m(400, "invalid_issuer", "The security event is of another issuer"),
    Reason.SIGNAL_AUDIENCE: _m(400, "invalid_audience", "The security event is for somebody else"),
    Reason.SIGNAL_AUTHENTICATION: _m(
        400, "authentication_failed", "The transmitter of the security event did not authenticate"
    ),
    Reason.SIGNAL_DENIED: _m(400, "access_denied", "The transmitter may not send events of this type"),
    Reason.SIGNALS_TOO_MANY: _m(
        429, "temporarily_unavailable", "More is to be done about this transmitter's events than is done within an hour"
    ),
    Reason.POLICY_INVALID: _m(422, "invalid_request", "The policy has mistakes"),
    Reason.ADMIN_REQUEST: _m(400, "invalid_request", "The management request is not understood"),
}
"""What each reason means outside. A test holds that none is missing."""


class Fault(msgspec.Struct, frozen=True):
    """One thing wrong in what the caller sent: where (a JSON pointer or parameter name) and what."""

    at: str
    message: str


class Refused(Exception):
    """A check did not pass.

    Args:
        reason: which one; it decides status, OAuth code and problem type.
        detail: what the caller should know beyond the title, in the caller's terms.
        private: what only our own event stream and log may know.
        faults: the single mistakes, where there are several.
        headers: further response fields in lower case, such as `retry-after`.
        status: in place of the table's status, where a specification sets another for one endpoint.
        oauth: in place of the table's OAuth code, for the same purpose.
    """

    def __init__(
        self,
        reason: Reason,
        detail: str = "",
        *,
        private: str = "",
        faults: tuple[Fault, ...] = (),
        headers: tuple[tuple[str, str], ...] = (),
        status: int = 0,
        oauth: str = "",
    ) -> None:
        """Keep the parts apart: what is public and what is private never mix."""
        super().__init__(reason.value)
        self.reason = reason
        self.detail = detail
        self.private = private
        self.faults = faults
        self.headers = headers
        self.status = status or MEANINGS[reason].status
        self.oauth = oauth or MEANINGS[reason].oauth

    def __repr__(self) -> str:
        """Return the reason and the public detail."""
        return f"Refused({self.reason.name}, {self.detail!r})"


def problem_document(refused: Refused, correlation: CorrelationId) -> bytes:
    """Return the body of an `application/problem+json` answer.  RFC 9457 §3."""
    document: dict[str, Any] = {
        "type": PROBLEM_TYPE_PREFIX + refused.reason.value,
        "title": MEANINGS[refused.reason].title,
        "status": refused.status,
    }
    if refused.detail:
        document["detail"] = refused.detail
    document["correlation_id"] = correlation
    if refused.faults:
        document["errors"] = [{"at": f.at, "message": f.message} for f in refused.faults]
    return msgspec.json.encode(document)


def oauth_error(refused: Refused, correlation: CorrelationId) -> bytes:
    """Return the body of an OAuth error answer.  RFC 6749 §5.2."""
    title = MEANINGS[refused.reason].title
    description = f"{title}: {refused.detail}" if refused.detail else title
    return msgspec.json.encode(
        {
            "error": refused.oauth or "invalid_request",
            "error_description": oauth_text(description),
            "correlation_id": correlation,
        }
    )


def oauth_text(text: str) -> str:
    r"""Return `text` within the characters that `error_description` may hold (no `"`, no `\`).  RFC 6749 §5.2."""
    return "".join(c if " " <= c <= "~" and c not in '"\\' else "'" if c == '"' else "?" for c in text)
