"""On consents: the authentication code of a payment, and which call uses it."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "r0007"
down_revision = "r0005"
branch_labels = None
depends_on = None


def _added() -> tuple[sa.Column[Any], ...]:
    return (
        sa.Column("authentication_code", sa.String(), nullable=False, server_default=""),
        sa.Column("used_by", sa.String(), nullable=False, server_default=""),
        sa.Column("used_at", sa.Double(), nullable=True),
    )


def upgrade() -> None:
    """Add the columns; no consent that is there already is a payment's."""
    for column in _added():
        op.add_column("consents", column)


def downgrade() -> None:
    """Drop them again."""
    for column in reversed(_added()):
        op.drop_column("consents", column.name)
