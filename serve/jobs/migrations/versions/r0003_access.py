"""Access keys, what was made for their owners, and how long a job's video was likely to get."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the tables and the column."""
    op.create_table(
        "access_keys",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("owner", sa.String(64), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("scope", sa.String(16), nullable=False),
        sa.Column("seconds_a_day", sa.Double),
        sa.Column("active_jobs", sa.Integer),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("expires_at", sa.Double),
        sa.Column("revoked_at", sa.Double),
    )
    op.create_index("ix_access_keys_owner", "access_keys", ["owner"])
    op.create_table(
        "usage",
        sa.Column("owner", sa.String(64), primary_key=True),
        sa.Column("day", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("seconds", sa.Double, nullable=False),
    )
    expected = sa.Column("expected_seconds", sa.Double, nullable=False, server_default="0")
    op.add_column("jobs", expected)


def downgrade() -> None:
    """Remove them."""
    op.drop_column("jobs", "expected_seconds")
    op.drop_table("usage")
    op.drop_table("access_keys")
