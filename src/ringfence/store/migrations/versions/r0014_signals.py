"""Streams of security events, and what they hold."""

import sqlalchemy as sa
from alembic import op

revision = "r0014"
down_revision = "r0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "signal_streams",
        sa.Column("stream_id", sa.String(), nullable=False),
        sa.Column("client_id", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("description", sa.String(), nullable=False),
        sa.Column("events_requested", sa.JSON(), nullable=False),
        sa.Column("dropped", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("verified_at", sa.Double(), nullable=True),
        sa.CheckConstraint("status in ('enabled', 'paused', 'disabled')", name=op.f("ck_signal_streams_status")),
        sa.ForeignKeyConstraint(
            ["client_id"], ["clients.client_id"], name=op.f("fk_signal_streams_client_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("stream_id", name=op.f("pk_signal_streams")),
        sa.UniqueConstraint("client_id", name=op.f("uq_signal_streams_client_id")),
    )
    op.create_table(
        "pending_signals",
        sa.Column("stream_id", sa.String(), nullable=False),
        sa.Column("jti", sa.String(), nullable=False),
        sa.Column("token", sa.String(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["stream_id"], ["signal_streams.stream_id"], name=op.f("fk_pending_signals_stream_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("stream_id", "jti", name=op.f("pk_pending_signals")),
    )
    op.create_index(op.f("ix_pending_signals_stream_id"), "pending_signals", ["stream_id", "created_at"])


def downgrade() -> None:
    """Drop them again."""
    op.drop_table("pending_signals")
    op.drop_table("signal_streams")
