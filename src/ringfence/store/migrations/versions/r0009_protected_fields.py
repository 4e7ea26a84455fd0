"""Keys of protected fields, and what tokens stand for."""

import sqlalchemy as sa
from alembic import op

revision = "r0009"
down_revision = "r0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "field_keys",
        sa.Column("data_key", sa.String(), nullable=False),
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("field", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("uses", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("retired_at", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("data_key", name=op.f("pk_field_keys")),
        sa.UniqueConstraint("tenant", "field", "version", name=op.f("uq_field_keys_tenant")),
    )
    op.create_table(
        "vault_tokens",
        sa.Column("token", sa.String(), nullable=False),
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("field", sa.String(), nullable=False),
        sa.Column("value_index", sa.String(), nullable=True),
        sa.Column("sealed", sa.String(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("token", name=op.f("pk_vault_tokens")),
        sa.UniqueConstraint("tenant", "field", "value_index", name=op.f("uq_vault_tokens_tenant")),
    )


def downgrade() -> None:
    """Drop them again."""
    op.drop_table("vault_tokens")
    op.drop_table("field_keys")
