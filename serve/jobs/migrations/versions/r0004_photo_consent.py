"""What was stated with a person's photo, with the avatar and with the job that it came for."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_TABLES = ("jobs", "avatars")


def upgrade() -> None:
    """Add the columns."""
    for table in _TABLES:
        op.add_column(table, sa.Column("consent", sa.Text))


def downgrade() -> None:
    """Remove them."""
    for table in _TABLES:
        op.drop_column(table, "consent")
