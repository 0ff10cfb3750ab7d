"""The table of cloned voices."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_TABLE = "voices"


def upgrade() -> None:
    """Make it."""
    op.create_table(
        _TABLE,
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("owner", sa.String(64), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("progress", sa.Integer, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("started_at", sa.Double),
        sa.Column("completed_at", sa.Double),
        sa.Column("expires_at", sa.Double),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("fence", sa.Integer, nullable=False),
        sa.Column("idle_claims", sa.Integer, nullable=False, server_default="0"),
        sa.Column("lease_until", sa.Double),
        sa.Column("error", sa.JSON),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("language", sa.String(35), nullable=False),
        sa.Column("consent", sa.Text, nullable=False),
        sa.Column("metadata", sa.JSON, nullable=False),
        sa.Column("sample", sa.Text),
        sa.Column("seconds", sa.Double, nullable=False),
        sa.Column("key", sa.Text),
        sa.Column("engine", sa.String(64)),
        sa.Column("languages", sa.JSON, nullable=False),
        sa.Column("gain_db", sa.Double),
        sa.Column("similarity", sa.Double),
        sa.Column("approximate", sa.Boolean),
        sa.Column("licence", sa.Text),
    )
    op.create_index("voices_by_owner_and_time", _TABLE, ["owner", "created_at", "id"])
    op.create_index("voices_by_status", _TABLE, ["status"])
    op.create_index("voices_by_expiry", _TABLE, ["expires_at"])


def downgrade() -> None:
    """Remove it with all it holds."""
    op.drop_table(_TABLE)
