"""Clients that register themselves, and what a client's life needs: algorithms, retired keys, sectors, expiry."""

import unicodedata
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "r0003"
down_revision = "r0002"
branch_labels = None
depends_on = None


def _added() -> tuple[sa.Column[Any], ...]:
    """Return the columns that clients gain; rows that are there already get what an older version meant."""
    return (
        sa.Column("assertion_algorithm", sa.String(), nullable=False, server_default=""),
        sa.Column("request_object_algorithm", sa.String(), nullable=False, server_default=""),
        sa.Column("dpop_algorithm", sa.String(), nullable=False, server_default=""),
        sa.Column("subject_type", sa.String(), nullable=False, server_default="public"),
        sa.Column("sector", sa.String(), nullable=False, server_default=""),
        sa.Column("retired_keys", sa.JSON(), nullable=False, server_default="[]"),
        sa.Column("certificate_expires_at", sa.Double(), nullable=True),
        sa.Column("name_key", sa.String(), nullable=False, server_default=""),
    )


def upgrade() -> None:
    """Add columns and tables, and work out the names of clients that are there."""
    for column in _added():
        op.add_column("clients", column)
    _fill_name_keys()
    op.create_index(
        op.f("uq_clients_name_key"),
        "clients",
        ["name_key"],
        unique=True,
        sqlite_where=sa.text("name_key <> ''"),
        postgresql_where=sa.text("name_key <> ''"),
    )
    op.create_table(
        "registrations",
        sa.Column("client_id", sa.String(), nullable=False),
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("statement_issuer", sa.String(), nullable=False),
        sa.Column("software_id", sa.String(), nullable=False),
        sa.Column("statement_claims", sa.JSON(), nullable=False),
        sa.Column("statement_expires_at", sa.Double(), nullable=True),
        sa.Column("described", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("changed_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"], ["clients.client_id"], name=op.f("fk_registrations_client_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("client_id", name=op.f("pk_registrations")),
    )
    op.create_table(
        "used_statements",
        sa.Column("statement_hash", sa.String(), nullable=False),
        sa.Column("client_id", sa.String(), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("statement_hash", name=op.f("pk_used_statements")),
    )
    op.create_index(op.f("ix_used_statements_expires_at"), "used_statements", ["expires_at"], unique=False)
    op.create_table(
        "invitations",
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("uses_left", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_invitations")),
    )
    op.create_index(op.f("ix_invitations_expires_at"), "invitations", ["expires_at"], unique=False)
    op.create_table(
        "logos",
        sa.Column("client_id", sa.String(), nullable=False),
        sa.Column("media_type", sa.String(), nullable=False),
        sa.Column("image", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"], ["clients.client_id"], name=op.f("fk_logos_client_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("client_id", name=op.f("pk_logos")),
    )


def _fill_name_keys() -> None:
    """Give each name its key; of several that look the same, which an older version kept apart, only the first has it."""
    clients = sa.table("clients", sa.column("client_id"), sa.column("name"), sa.column("name_key"))
    connection = op.get_bind()
    seen: set[str] = set()
    for client_id, name in connection.execute(
        sa.select(clients.c.client_id, clients.c.name).order_by(clients.c.client_id)
    ).all():
        key = " ".join(unicodedata.normalize("NFKC", name).casefold().split())
        if key not in seen:
            seen.add(key)
            connection.execute(sa.update(clients).where(clients.c.client_id == client_id).values(name_key=key))


def downgrade() -> None:
    """Drop them again."""
    for table in ("logos", "invitations", "used_statements", "registrations"):
        op.drop_table(table)
    op.drop_index(op.f("uq_clients_name_key"), "clients")
    for column in reversed(_added()):
        op.drop_column("clients", column.name)
