"""The tables of the records: one column for each field of the structs in `store.model`.

Plain SQL that SQLite and PostgreSQL both take. A change here needs a migration; a test compares the two.
"""

from sqlalchemy import JSON, CheckConstraint, Column, Double, ForeignKey, Index, Integer, MetaData, String, Table

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
    Column("tls_subject", String, nullable=False),
    Column("binding", String, nullable=False),
    Column("redirect_uris", JSON, nullable=False),
    Column("scopes", JSON, nullable=False),
    Column("grant_types", JSON, nullable=False),
    Column("access_token_seconds", Integer, nullable=False),
    Column("created_at", Double, nullable=False),
    CheckConstraint("status in ('active', 'suspended', 'revoked')", name="status"),
)

users = Table(
    "users",
    metadata,
    Column("user_id", String, primary_key=True),
    Column("username", String, nullable=False, unique=True),
    Column("password_hash", String, nullable=False),
    Column("name", String, nullable=False),
    Column("status", String, nullable=False),
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
    Column("created_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False),
    Column("revoked_at", Double, nullable=True),
    Column("revoked_why", String, nullable=False),
    Index(None, "client_id", "created_at"),
    Index(None, "user_id", "created_at"),
    Index(None, "created_at"),
)

pushed_requests = Table(
    "pushed_requests",
    metadata,
    Column("uri_hash", String, primary_key=True),
    Column("client_id", String, _of("clients.client_id"), nullable=False),
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
    Column("authenticated_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False),
    Index(None, "user_id"),
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
    Column("created_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False),
    Column("consumed_at", Double, nullable=True),
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
    Column("created_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False),
    Column("revoked_at", Double, nullable=True),
    Index(None, "grant_id"),
    Index(None, "expires_at"),
)
