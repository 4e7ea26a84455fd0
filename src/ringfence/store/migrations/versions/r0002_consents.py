"""Consents with their states, authorization details on grants, and what a customer sees of sessions."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "r0002"
down_revision = "r0001"
branch_labels = None
depends_on = None


_OF_A_LOGIN = ("sessions", "codes", "refresh_tokens")


def _added() -> tuple[tuple[str, sa.Column[Any]], ...]:
    """Return tables, and the columns that they gain; rows that are there already get what an older version meant."""
    return (
        ("clients", sa.Column("authorization_details_types", sa.JSON(), nullable=False, server_default="[]")),
        ("clients", sa.Column("jwks_uri", sa.String(), nullable=False, server_default="")),
        ("clients", sa.Column("profile", sa.String(), nullable=False, server_default="fapi2")),
        (
            "clients",
            sa.Column("require_signed_request_object", sa.Boolean(), nullable=False, server_default=sa.false()),
        ),
        ("clients", sa.Column("response_modes", sa.JSON(), nullable=False, server_default='["query", "jwt"]')),
        ("grants", sa.Column("authorization_details", sa.JSON(), nullable=False, server_default="[]")),
        ("grants", sa.Column("used_at", sa.Double(), nullable=True)),
        ("pushed_requests", sa.Column("consent_id", sa.String(), nullable=False, server_default="")),
        ("users", sa.Column("totp_secret", sa.String(), nullable=False, server_default="")),
        ("users", sa.Column("totp_step", sa.Integer(), nullable=False, server_default="0")),
        ("users", sa.Column("recovery_codes", sa.String(), nullable=False, server_default="")),
        *((table, sa.Column("acr", sa.String(), nullable=False, server_default="")) for table in _OF_A_LOGIN),
        ("sessions", sa.Column("device", sa.String(), nullable=False, server_default="")),
        ("sessions", sa.Column("network", sa.String(), nullable=False, server_default="")),
    )


def upgrade() -> None:
    """Add columns and the table of consents."""
    for table, column in _added():
        op.add_column(table, column)
    op.create_table(
        "consents",
        sa.Column("consent_id", sa.String(), nullable=False),
        sa.Column("client_id", sa.String(), nullable=False),
        sa.Column("user_id", sa.String(), nullable=True),
        sa.Column("grant_id", sa.String(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("authorization_details", sa.JSON(), nullable=False),
        sa.Column("text_version", sa.Integer(), nullable=False),
        sa.Column("text_sha256", sa.String(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("decided_at", sa.Double(), nullable=True),
        sa.Column("changed_at", sa.Double(), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"], ["clients.client_id"], name=op.f("fk_consents_client_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.user_id"], name=op.f("fk_consents_user_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["grant_id"], ["grants.grant_id"], name=op.f("fk_consents_grant_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("consent_id", name=op.f("pk_consents")),
    )
    op.create_index(op.f("ix_consents_client_id"), "consents", ["client_id", "created_at"], unique=False)
    op.create_index(op.f("ix_consents_user_id"), "consents", ["user_id", "created_at"], unique=False)
    op.create_index(op.f("ix_consents_state"), "consents", ["state", "expires_at"], unique=False)
    op.create_index(
        op.f("uq_consents_grant_id"),
        "consents",
        ["grant_id"],
        unique=True,
        sqlite_where=sa.text("state = 'Authorised'"),
        postgresql_where=sa.text("state = 'Authorised'"),
    )


def downgrade() -> None:
    """Drop them again."""
    op.drop_table("consents")
    for table, column in reversed(_added()):
        op.drop_column(table, column.name)
