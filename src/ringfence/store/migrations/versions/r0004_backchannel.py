"""Requests that customers answer without a redirect, and what is to be posted to clients."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "r0004"
down_revision = "r0003"
branch_labels = None
depends_on = None

_MEMBERS = ("backchannel_token_delivery_mode", "backchannel_client_notification_endpoint")


def _owner(table: str, column: str, owner: str) -> sa.ForeignKeyConstraint:
    """Return the reference to an owner whose removal removes the row too."""
    return sa.ForeignKeyConstraint([column], [owner], name=op.f(f"fk_{table}_{column}"), ondelete="CASCADE")


def _texts(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.String(), nullable=False) for name in names]


def _times(*names: str, known: bool) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Double(), nullable=not known) for name in names]


def upgrade() -> None:
    """Add members of clients and two tables."""
    for name in _MEMBERS:
        op.add_column("clients", sa.Column(name, sa.String(), nullable=False, server_default=""))
    op.create_table(
        "backchannel_requests",
        *_texts("auth_req_hash", "client_id", "consent_id", "state", "binding_message", "notification", "acr"),
        sa.Column("user_id", sa.String(), nullable=True),
        sa.Column("grant_id", sa.String(), nullable=True),
        sa.Column("parameters", sa.JSON(), nullable=False),
        sa.Column("interval", sa.Integer(), nullable=False),
        *_times("next_poll_at", "created_at", "expires_at", known=True),
        *_times("authenticated_at", "decided_at", "consumed_at", known=False),
        sa.CheckConstraint("state in ('pending', 'allowed', 'refused')", name=op.f("ck_backchannel_requests_state")),
        _owner("backchannel_requests", "client_id", "clients.client_id"),
        _owner("backchannel_requests", "user_id", "users.user_id"),
        _owner("backchannel_requests", "grant_id", "grants.grant_id"),
        sa.PrimaryKeyConstraint("auth_req_hash", name=op.f("pk_backchannel_requests")),
        sa.UniqueConstraint("consent_id", name=op.f("uq_backchannel_requests_consent_id")),
    )
    op.create_index(op.f("ix_backchannel_requests_client_id"), "backchannel_requests", ["client_id"])
    op.create_index(op.f("ix_backchannel_requests_user_id"), "backchannel_requests", ["user_id", "state"])
    op.create_index(op.f("ix_backchannel_requests_expires_at"), "backchannel_requests", ["expires_at"])
    op.create_table(
        "notices",
        *_texts("notice_id", "kind", "client_id", "subject", "sid", "sealed"),
        sa.Column("attempts", sa.Integer(), nullable=False),
        *_times("created_at", "due_at", "expires_at", known=True),
        sa.CheckConstraint("kind in ('ping', 'logout')", name=op.f("ck_notices_kind")),
        _owner("notices", "client_id", "clients.client_id"),
        sa.PrimaryKeyConstraint("notice_id", name=op.f("pk_notices")),
    )
    op.create_index(op.f("ix_notices_due_at"), "notices", ["due_at"])
    op.create_index(op.f("ix_notices_expires_at"), "notices", ["expires_at"])


def downgrade() -> None:
    """Drop them again."""
    op.drop_table("notices")
    op.drop_table("backchannel_requests")
    for name in _MEMBERS:
        op.drop_column("clients", name)
