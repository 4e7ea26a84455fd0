"""Sessions with names that tokens carry, the clients to tell of their end, and keys that are believed no more."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "r0005"
down_revision = "r0004"
branch_labels = None
depends_on = None

_OF_A_SESSION = ("sessions", "codes", "refresh_tokens")


def _added() -> tuple[tuple[str, sa.Column[Any]], ...]:
    """Return tables, and the columns that they gain."""
    return (
        *((table, sa.Column("sid", sa.String(), nullable=False, server_default="")) for table in _OF_A_SESSION),
        ("sessions", sa.Column("ended_at", sa.Double(), nullable=True)),
        ("clients", sa.Column("backchannel_logout_uri", sa.String(), nullable=False, server_default="")),
        (
            "clients",
            sa.Column("backchannel_logout_session_required", sa.Boolean(), nullable=False, server_default=sa.false()),
        ),
        ("clients", sa.Column("post_logout_redirect_uris", sa.JSON(), nullable=False, server_default="[]")),
    )


def upgrade() -> None:
    """Add columns and two tables."""
    for table, column in _added():
        op.add_column(table, column)
    op.create_index(op.f("ix_sessions_sid"), "sessions", ["sid"])
    op.create_index(op.f("ix_sessions_ended_at"), "sessions", ["ended_at"])
    op.create_table(
        "session_clients",
        sa.Column("sid", sa.String(), nullable=False),
        sa.Column("client_id", sa.String(), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"], ["clients.client_id"], name=op.f("fk_session_clients_client_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("sid", "client_id", name=op.f("pk_session_clients")),
    )
    op.create_index(op.f("ix_session_clients_expires_at"), "session_clients", ["expires_at"])
    op.create_table(
        "revoked_keys",
        sa.Column("kid", sa.String(), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("revoked_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("kid", name=op.f("pk_revoked_keys")),
    )


def downgrade() -> None:
    """Drop them again."""
    op.drop_table("revoked_keys")
    op.drop_table("session_clients")
    op.drop_index(op.f("ix_sessions_ended_at"), "sessions")
    op.drop_index(op.f("ix_sessions_sid"), "sessions")
    for table, column in reversed(_added()):
        op.drop_column(table, column.name)
