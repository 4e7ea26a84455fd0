"""Challenges to an outside login application, and by which methods a customer logged in there."""

import sqlalchemy as sa
from alembic import op

revision = "r0008"
down_revision = "r0007"
branch_labels = None
depends_on = None

_OF_A_LOGIN = ("sessions", "codes", "refresh_tokens")


def upgrade() -> None:
    """Add the table and the columns."""
    for table in _OF_A_LOGIN:
        op.add_column(table, sa.Column("amr", sa.String(), nullable=False, server_default=""))
    op.create_table(
        "login_challenges",
        sa.Column("challenge_hash", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("uri_hash", sa.String(), nullable=False),
        sa.Column("client_id", sa.String(), nullable=False),
        sa.Column("browser_hash", sa.String(), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=False),
        sa.Column("answer", sa.JSON(), nullable=False),
        sa.Column("answered_at", sa.Double(), nullable=True),
        sa.Column("verifier_hash", sa.String(), nullable=False),
        sa.Column("redeemed_at", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(
            ["client_id"], ["clients.client_id"], name=op.f("fk_login_challenges_client_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("challenge_hash", name=op.f("pk_login_challenges")),
    )
    for column in ("verifier_hash", "client_id", "expires_at"):
        op.create_index(op.f(f"ix_login_challenges_{column}"), "login_challenges", [column], unique=False)


def downgrade() -> None:
    """Drop them again."""
    op.drop_table("login_challenges")
    for table in reversed(_OF_A_LOGIN):
        op.drop_column(table, "amr")
