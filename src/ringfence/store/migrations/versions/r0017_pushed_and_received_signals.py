"""Streams whose events are pushed, events that others send us, and who sends them."""

import sqlalchemy as sa
from alembic import op

revision = "r0017"
down_revision = "r0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "signal_pushes",
        sa.Column("stream_id", sa.String(), nullable=False),
        sa.Column("client_id", sa.String(), nullable=False),
        sa.Column("endpoint_url", sa.String(), nullable=False),
        sa.Column("sealed", sa.String(), nullable=False),
        sa.Column("due_at", sa.Double(), nullable=False),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("refusals", sa.BigInteger(), nullable=False),
        sa.Column("error", sa.String(), nullable=False),
        sa.Column("failing_since", sa.Double(), nullable=True),
        sa.Column("accepted", sa.BigInteger(), nullable=False),
        sa.Column("accepted_at", sa.Double(), nullable=True),
        sa.Column("refused", sa.BigInteger(), nullable=False),
        sa.Column("pusher", sa.String(), nullable=False),
        sa.Column("pusher_until", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["stream_id"], ["signal_streams.stream_id"], name=op.f("fk_signal_pushes_stream_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("stream_id", name=op.f("pk_signal_pushes")),
    )
    op.create_table(
        "passed_over_subjects",
        sa.Column("stream_id", sa.String(), nullable=False),
        sa.Column("user_id", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["stream_id"],
            ["signal_streams.stream_id"],
            name=op.f("fk_passed_over_subjects_stream_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.user_id"], name=op.f("fk_passed_over_subjects_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("stream_id", "user_id", name=op.f("pk_passed_over_subjects")),
    )
    op.create_table(
        "received_signals",
        sa.Column("received_id", sa.String(), nullable=False),
        sa.Column("transmitter", sa.String(), nullable=False),
        sa.Column("jti", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("session", sa.String(), nullable=False),
        sa.Column("client", sa.String(), nullable=False),
        sa.Column("effects", sa.JSON(), nullable=False),
        sa.Column("acts", sa.BigInteger(), nullable=False),
        sa.Column("correlation", sa.String(), nullable=False),
        sa.Column("network", sa.String(), nullable=False),
        sa.Column("received_at", sa.Double(), nullable=False),
        sa.Column("step_up_until", sa.Double(), nullable=False),
        sa.Column("due_at", sa.Double(), nullable=True),
        sa.Column("expires_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("received_id", name=op.f("pk_received_signals")),
    )
    op.create_index(op.f("ix_received_signals_correlation"), "received_signals", ["correlation"])
    op.create_index(op.f("ix_received_signals_expires_at"), "received_signals", ["expires_at"])
    op.create_index(op.f("ix_received_signals_transmitter"), "received_signals", ["transmitter", "received_at"])
    op.create_table(
        "signal_transmitters",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("received", sa.BigInteger(), nullable=False),
        sa.Column("heard_at", sa.Double(), nullable=True),
        sa.Column("verified_at", sa.Double(), nullable=True),
        sa.Column("stream_status", sa.String(), nullable=False),
        sa.Column("refused", sa.BigInteger(), nullable=False),
        sa.Column("error", sa.String(), nullable=False),
        sa.Column("error_at", sa.Double(), nullable=True),
        sa.Column("polled_at", sa.Double(), nullable=True),
        sa.Column("poll_error", sa.String(), nullable=False),
        sa.Column("failing_since", sa.Double(), nullable=True),
        sa.Column("poller", sa.String(), nullable=False),
        sa.Column("poller_until", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_signal_transmitters")),
    )


def downgrade() -> None:
    """Drop them again."""
    op.drop_table("signal_transmitters")
    op.drop_table("received_signals")
    op.drop_table("passed_over_subjects")
    op.drop_table("signal_pushes")
