"""The tables of the records: one column for each field of the structs in `store.model`.

Plain SQL that SQLite and PostgreSQL both take. A change here needs a migration; a test compares the two.
"""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    false,
    text,
)

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)


def _of(owner: str) -> ForeignKey:
    """Return the reference to an owner whose removal removes this row too."""
    return ForeignKey(owner, ondelete="CASCADE")


clients = Table(
    "clients",
    metadata,
    Column("client_id", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("status", String, nullable=False),
    Column("authentication", String, nullable=False),
    Column("jwks", JSON, nullable=False),
    Column("jwks_uri", String, nullable=False, server_default=""),
    Column("tls_subject", String, nullable=False),
    Column("binding", String, nullable=False),
    Column("redirect_uris", JSON, nullable=False),
    Column("scopes", JSON, nullable=False),
    Column("grant_types", JSON, nullable=False),
    Column("authorization_details_types", JSON, nullable=False, server_default="[]"),
    Column("profile", String, nullable=False, server_default="fapi2"),
    Column("require_signed_request_object", Boolean, nullable=False, server_default=false()),
    Column("response_modes", JSON, nullable=False, server_default='["query", "jwt"]'),
    Column("access_token_seconds", Integer, nullable=False),
    Column("assertion_algorithm", String, nullable=False, server_default=""),
    Column("request_object_algorithm", String, nullable=False, server_default=""),
    Column("dpop_algorithm", String, nullable=False, server_default=""),
    Column("subject_type", String, nullable=False, server_default="public"),
    Column("sector", String, nullable=False, server_default=""),
    Column("retired_keys", JSON, nullable=False, server_default="[]"),
    Column("certificate_expires_at", Double, nullable=True),
    Column("name_key", String, nullable=False, server_default=""),
    Column("created_at", Double, nullable=False),
    Column("backchannel_token_delivery_mode", String, nullable=False, server_default=""),
    Column("backchannel_client_notification_endpoint", String, nullable=False, server_default=""),
    Column("backchannel_logout_uri", String, nullable=False, server_default=""),
    Column("backchannel_logout_session_required", Boolean, nullable=False, server_default=false()),
    Column("post_logout_redirect_uris", JSON, nullable=False, server_default="[]"),
    CheckConstraint("status in ('active', 'suspended', 'revoked')", name="status"),
    # Customers could not tell two clients apart whose names look the same.
    Index(
        "uq_clients_name_key",
        "name_key",
        unique=True,
        sqlite_where=text("name_key <> ''"),
        postgresql_where=text("name_key <> ''"),
    ),
)

registrations = Table(
    "registrations",
    metadata,
    Column("client_id", String, _of("clients.client_id"), primary_key=True),
    Column("token_hash", String, nullable=False),
    Column("statement_issuer", String, nullable=False),
    Column("software_id", String, nullable=False),
    Column("statement_claims", JSON, nullable=False),
    Column("statement_expires_at", Double, nullable=True),
    Column("described", JSON, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("changed_at", Double, nullable=False),
)

used_statements = Table(
    "used_statements",
    metadata,
    Column("statement_hash", String, primary_key=True),
    # No reference: a statement stays used when its client is gone.
    Column("client_id", String, nullable=False),
    Column("expires_at", Double, nullable=False),
    Index(None, "expires_at"),
)

invitations = Table(
    "invitations",
    metadata,
    Column("token_hash", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("uses_left", Integer, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False),
    Index(None, "expires_at"),
)

logos = Table(
    "logos",
    metadata,
    Column("client_id", String, _of("clients.client_id"), primary_key=True),
    Column("media_type", String, nullable=False),
    Column("image", String, nullable=False),
)

users = Table(
    "users",
    metadata,
    Column("user_id", String, primary_key=True),
    Column("username", String, nullable=False, unique=True),
    Column("password_hash", String, nullable=False),
    Column("name", String, nullable=False),
    Column("status", String, nullable=False),
    Column("totp_secret", String, nullable=False, server_default=""),
    Column("totp_step", Integer, nullable=False, server_default="0"),
    Column("recovery_codes", String, nullable=False, server_default=""),
    Column("created_at", Double, nullable=False),
    CheckConstraint("status in ('active', 'disabled')", name="status"),
)

grants = Table(
    "grants",
    metadata,
    Column("grant_id", String, primary_key=True),
    Column("client_id", String, _of("clients.client_id"), nullable=False),
    # Null where the struct has "": what a client has for itself belongs to no user.
    Column("user_id", String, _of("users.user_id"), nullable=True),
    Column("scopes", JSON, nullable=False),
    Column("authorization_details", JSON, nullable=False, server_default="[]"),
    Column("created_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False),
    Column("used_at", Double, nullable=True),
    Column("revoked_at", Double, nullable=True),
    Column("revoked_why", String, nullable=False),
    Index(None, "client_id", "created_at"),
    Index(None, "user_id", "created_at"),
    Index(None, "created_at"),
)

consents = Table(
    "consents",
    metadata,
    Column("consent_id", String, primary_key=True),
    Column("client_id", String, _of("clients.client_id"), nullable=False),
    # Null where the struct has "": nobody has decided yet, or nothing came of it.
    Column("user_id", String, _of("users.user_id"), nullable=True),
    Column("grant_id", String, _of("grants.grant_id"), nullable=True),
    Column("state", String, nullable=False),
    Column("scopes", JSON, nullable=False),
    Column("authorization_details", JSON, nullable=False),
    Column("text_version", Integer, nullable=False),
    Column("text_sha256", String, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("decided_at", Double, nullable=True),
    Column("changed_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False),
    Column("authentication_code", String, nullable=False, server_default=""),
    Column("used_by", String, nullable=False, server_default=""),
    Column("used_at", Double, nullable=True),
    Index(None, "client_id", "created_at"),
    Index(None, "user_id", "created_at"),
    Index(None, "state", "expires_at"),
    # One consent in force for one grant; those that a newer one replaced keep the grant's name.
    Index(
        "uq_consents_grant_id",
        "grant_id",
        unique=True,
        sqlite_where=text("state = 'Authorised'"),
        postgresql_where=text("state = 'Authorised'"),
    ),
)

pushed_requests = Table(
    "pushed_requests",
    metadata,
    Column("uri_hash", String, primary_key=True),
    Column("client_id", String, _of("clients.client_id"), nullable=False),
    Column("consent_id", String, nullable=False, server_default=""),
    Column("parameters", JSON, nullable=False),
    Column("dpop_jkt", String, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False),
    Column("consumed_at", Double, nullable=True),
    Index(None, "client_id"),
    Index(None, "expires_at"),
)

sessions = Table(
    "sessions",
    metadata,
    Column("session_hash", String, primary_key=True),
    Column("user_id", String, _of("users.user_id"), nullable=False),
    Column("device", String, nullable=False, server_default=""),
    Column("network", String, nullable=False, server_default=""),
    Column("authenticated_at", Double, nullable=False),
    Column("acr", String, nullable=False, server_default=""),
    Column("used_at", Double, nullable=True),
    Column("expires_at", Double, nullable=False),
    Column("amr", String, nullable=False, server_default=""),
    Column("sid", String, nullable=False, server_default=""),
    Column("ended_at", Double, nullable=True),
    Index(None, "user_id"),
    Index(None, "expires_at"),
    Index(None, "sid"),
    Index(None, "ended_at"),
)

passkeys = Table(
    "passkeys",
    metadata,
    Column("credential_id", String, primary_key=True),
    Column("user_id", String, _of("users.user_id"), nullable=False),
    Column("public_key", String, nullable=False),
    Column("sign_count", BigInteger, nullable=False),
    Column("name", String, nullable=False),
    Column("backed_up", Boolean, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("used_at", Double, nullable=True),
    Index(None, "user_id"),
)

login_challenges = Table(
    "login_challenges",
    metadata,
    Column("challenge_hash", String, primary_key=True),
    Column("kind", String, nullable=False),
    Column("uri_hash", String, nullable=False),
    Column("client_id", String, _of("clients.client_id"), nullable=False),
    Column("browser_hash", String, nullable=False),
    Column("content", JSON, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False),
    Column("answer", JSON, nullable=False),
    Column("answered_at", Double, nullable=True),
    Column("verifier_hash", String, nullable=False),
    Column("redeemed_at", Double, nullable=True),
    Index(None, "verifier_hash"),
    Index(None, "client_id"),
    Index(None, "expires_at"),
)

codes = Table(
    "codes",
    metadata,
    Column("code_hash", String, primary_key=True),
    Column("grant_id", String, _of("grants.grant_id"), nullable=False),
    Column("client_id", String, nullable=False),
    Column("user_id", String, nullable=False),
    Column("redirect_uri", String, nullable=False),
    Column("scopes", JSON, nullable=False),
    Column("code_challenge", String, nullable=False),
    Column("nonce", String, nullable=False),
    Column("dpop_jkt", String, nullable=False),
    Column("authenticated_at", Double, nullable=False),
    Column("acr", String, nullable=False, server_default=""),
    Column("created_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False),
    Column("consumed_at", Double, nullable=True),
    Column("amr", String, nullable=False, server_default=""),
    Column("sid", String, nullable=False, server_default=""),
    Index(None, "grant_id"),
    Index(None, "expires_at"),
)

refresh_tokens = Table(
    "refresh_tokens",
    metadata,
    Column("token_hash", String, primary_key=True),
    Column("grant_id", String, _of("grants.grant_id"), nullable=False),
    Column("client_id", String, nullable=False),
    Column("user_id", String, nullable=False),
    Column("scopes", JSON, nullable=False),
    Column("authenticated_at", Double, nullable=False),
    Column("acr", String, nullable=False, server_default=""),
    Column("created_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False),
    Column("revoked_at", Double, nullable=True),
    Column("amr", String, nullable=False, server_default=""),
    Column("sid", String, nullable=False, server_default=""),
    Index(None, "grant_id"),
    Index(None, "expires_at"),
)

backchannel_requests = Table(
    "backchannel_requests",
    metadata,
    Column("auth_req_hash", String, primary_key=True),
    Column("client_id", String, _of("clients.client_id"), nullable=False),
    # Null where the struct has "": the hint names nobody, or nothing has come of it yet.
    Column("user_id", String, _of("users.user_id"), nullable=True),
    Column("consent_id", String, nullable=False, unique=True),
    Column("grant_id", String, _of("grants.grant_id"), nullable=True),
    Column("state", String, nullable=False),
    Column("parameters", JSON, nullable=False),
    Column("binding_message", String, nullable=False),
    Column("notification", String, nullable=False),
    Column("interval", Integer, nullable=False),
    Column("next_poll_at", Double, nullable=False),
    Column("authenticated_at", Double, nullable=True),
    Column("acr", String, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False),
    Column("decided_at", Double, nullable=True),
    Column("consumed_at", Double, nullable=True),
    CheckConstraint("state in ('pending', 'allowed', 'refused')", name="state"),
    Index(None, "client_id"),
    Index(None, "user_id", "state"),
    Index(None, "expires_at"),
)

notices = Table(
    "notices",
    metadata,
    Column("notice_id", String, primary_key=True),
    Column("kind", String, nullable=False),
    Column("client_id", String, _of("clients.client_id"), nullable=False),
    Column("subject", String, nullable=False),
    Column("sid", String, nullable=False),
    Column("sealed", String, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("due_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False),
    CheckConstraint("kind in ('ping', 'logout')", name="kind"),
    Index(None, "due_at"),
    Index(None, "expires_at"),
)

session_clients = Table(
    "session_clients",
    metadata,
    Column("sid", String, primary_key=True),
    Column("client_id", String, _of("clients.client_id"), primary_key=True),
    Column("expires_at", Double, nullable=False),
    Index(None, "expires_at"),
)

revoked_keys = Table(
    "revoked_keys",
    metadata,
    Column("kid", String, primary_key=True),
    Column("why", String, nullable=False),
    Column("revoked_at", Double, nullable=False),
)

field_keys = Table(
    "field_keys",
    metadata,
    Column("data_key", String, primary_key=True),
    Column("tenant", String, nullable=False),
    Column("field", String, nullable=False),
    Column("version", Integer, nullable=False),
    Column("uses", BigInteger, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("retired_at", Double, nullable=True),
    UniqueConstraint("tenant", "field", "version"),
)

vault_tokens = Table(
    "vault_tokens",
    metadata,
    Column("token", String, primary_key=True),
    Column("tenant", String, nullable=False),
    Column("field", String, nullable=False),
    # Null where the struct has "": the same value gets another token each time.
    Column("value_index", String, nullable=True),
    Column("sealed", String, nullable=False),
    Column("created_at", Double, nullable=False),
    UniqueConstraint("tenant", "field", "value_index"),
)

signal_streams = Table(
    "signal_streams",
    metadata,
    Column("stream_id", String, primary_key=True),
    Column("client_id", String, _of("clients.client_id"), nullable=False, unique=True),
    Column("status", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("description", String, nullable=False),
    Column("events_requested", JSON, nullable=False),
    Column("dropped", BigInteger, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("verified_at", Double, nullable=True),
    CheckConstraint("status in ('enabled', 'paused', 'disabled')", name="status"),
)

pending_signals = Table(
    "pending_signals",
    metadata,
    Column("stream_id", String, _of("signal_streams.stream_id"), primary_key=True),
    Column("jti", String, primary_key=True),
    Column("token", String, nullable=False),
    Column("created_at", Double, nullable=False),
    Index(None, "stream_id", "created_at"),
)

signal_pushes = Table(
    "signal_pushes",
    metadata,
    Column("stream_id", String, _of("signal_streams.stream_id"), primary_key=True),
    Column("client_id", String, nullable=False),
    Column("endpoint_url", String, nullable=False),
    Column("sealed", String, nullable=False),
    Column("due_at", Double, nullable=False),
    Column("attempts", BigInteger, nullable=False),
    Column("refusals", BigInteger, nullable=False),
    Column("error", String, nullable=False),
    Column("failing_since", Double, nullable=True),
    Column("accepted", BigInteger, nullable=False),
    Column("accepted_at", Double, nullable=True),
    Column("refused", BigInteger, nullable=False),
    Column("pusher", String, nullable=False),
    Column("pusher_until", Double, nullable=False),
)

passed_over_subjects = Table(
    "passed_over_subjects",
    metadata,
    Column("stream_id", String, _of("signal_streams.stream_id"), primary_key=True),
    Column("user_id", String, _of("users.user_id"), primary_key=True),
)

received_signals = Table(
    "received_signals",
    metadata,
    Column("received_id", String, primary_key=True),
    Column("transmitter", String, nullable=False),
    Column("jti", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("outcome", String, nullable=False),
    Column("subject", String, nullable=False),
    Column("session", String, nullable=False),
    Column("client", String, nullable=False),
    Column("effects", JSON, nullable=False),
    Column("acts", BigInteger, nullable=False),
    Column("correlation", String, nullable=False, index=True),
    Column("network", String, nullable=False),
    Column("received_at", Double, nullable=False),
    Column("step_up_until", Double, nullable=False),
    Column("due_at", Double, nullable=True),
    Column("expires_at", Double, nullable=False, index=True),
    Index(None, "transmitter", "received_at"),
)

signal_transmitters = Table(
    "signal_transmitters",
    metadata,
    Column("name", String, primary_key=True),
    Column("received", BigInteger, nullable=False),
    Column("heard_at", Double, nullable=True),
    Column("verified_at", Double, nullable=True),
    Column("stream_status", String, nullable=False),
    Column("refused", BigInteger, nullable=False),
    Column("error", String, nullable=False),
    Column("error_at", Double, nullable=True),
    Column("polled_at", Double, nullable=True),
    Column("poll_error", String, nullable=False),
    Column("failing_since", Double, nullable=True),
    Column("poller", String, nullable=False),
    Column("poller_until", Double, nullable=False),
)
