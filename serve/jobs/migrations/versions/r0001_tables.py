"""The tables as the first release that knows migrations has them.

Releases before it made their tables without leaving a revision: what they made stays, with its
rows, and gets what it lacks.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_tables = sa.MetaData()


def _id(name: str, *arguments: object, **options: object) -> "sa.Column[str]":
    return sa.Column(name, sa.String(64), *arguments, **options)  # type: ignore[arg-type]  # passed on as they are


def _job_id(**options: object) -> "sa.Column[str]":
    reference = sa.ForeignKey("jobs.id", ondelete="CASCADE")
    return _id("job_id", reference, nullable=False, **options)


sa.Table(
    "jobs",
    _tables,
    _id("id", primary_key=True),
    _id("owner", nullable=False),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("stage", sa.String(32), nullable=False),
    sa.Column("progress", sa.Integer, nullable=False),
    sa.Column("created_at", sa.Double, nullable=False),
    sa.Column("started_at", sa.Double),
    sa.Column("completed_at", sa.Double),
    sa.Column("expires_at", sa.Double),
    sa.Column("request", sa.JSON, nullable=False),
    _id("avatar_id", nullable=False, index=True),
    _id("portrait", index=True),
    sa.Column("metadata", sa.JSON, nullable=False),
    sa.Column("cancel_requested", sa.Boolean, nullable=False),
    _id("fingerprint"),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("fence", sa.Integer, nullable=False),
    sa.Column("idle_claims", sa.Integer, nullable=False, server_default="0"),
    sa.Column("lease_until", sa.Double),
    sa.Column("next_segment", sa.Integer, nullable=False),
    sa.Column("segments_total", sa.Integer),
    sa.Column("last_event", sa.Integer, nullable=False),
    sa.Column("must_follow", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("followed_at", sa.Double),
    sa.Column("webhook_url", sa.Text),
    sa.Column("result", sa.JSON),
    sa.Column("error", sa.JSON),
    sa.Column("timings", sa.JSON, nullable=False),
    sa.Index("jobs_by_owner_and_time", "owner", "created_at", "id"),
    sa.Index("jobs_by_status", "status"),
    sa.Index("jobs_by_expiry", "expires_at"),
)
sa.Table(
    "segments",
    _tables,
    _job_id(primary_key=True),
    sa.Column("attempt", sa.Integer, primary_key=True),
    sa.Column("n", sa.Integer, primary_key=True),
    sa.Column("start", sa.Integer, nullable=False),
    sa.Column("stop", sa.Integer, nullable=False),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("size", sa.Integer, nullable=False),
    sa.Column("info", sa.JSON, nullable=False),
    sa.Column("created_at", sa.Double, nullable=False),
)
sa.Table(
    "pieces",
    _tables,
    _job_id(primary_key=True),
    sa.Column("attempt", sa.Integer, primary_key=True),
    sa.Column("n", sa.Integer, primary_key=True),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("samples", sa.Integer, nullable=False),
    sa.Column("words", sa.JSON, nullable=False),
)
sa.Table(
    "events",
    _tables,
    _job_id(primary_key=True),
    sa.Column("seq", sa.Integer, primary_key=True),
    sa.Column("type", sa.String(16), nullable=False),
    sa.Column("data", sa.JSON, nullable=False),
    sa.Column("created_at", sa.Double, nullable=False),
)
sa.Table(
    "avatars",
    _tables,
    _id("id", primary_key=True),
    _id("owner", nullable=False),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("listed", sa.Boolean, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("created_at", sa.Double, nullable=False),
    _id("portrait", index=True),
    sa.Column("width", sa.Integer),
    sa.Column("height", sa.Integer),
    sa.Column("face", sa.JSON),
    sa.Column("origin", sa.JSON, nullable=False),
    sa.Index("avatars_by_owner_and_time", "owner", "created_at", "id"),
)
sa.Table(
    "idempotency_keys",
    _tables,
    _id("owner", primary_key=True),
    sa.Column("key", sa.String(255), primary_key=True),
    _id("request_hash", nullable=False),
    _id("resource_id"),
    sa.Column("held_until", sa.Double),
    sa.Column("created_at", sa.Double, nullable=False),
    sa.Index("idempotency_keys_by_time", "created_at"),
)
sa.Table(
    "deliveries",
    _tables,
    _id("id", primary_key=True),
    _job_id(index=True),
    sa.Column("event", sa.Integer, nullable=False),
    sa.Column("payload", sa.JSON, nullable=False),
    sa.Column("tries", sa.Integer, nullable=False),
    sa.Column("next_try_at", sa.Double),
    sa.Column("outcome", sa.String(32)),
    sa.Column("created_at", sa.Double, nullable=False),
    sa.Index("deliveries_by_next_try", "next_try_at"),
)


def upgrade() -> None:
    """Make the tables, columns and indexes that are not there."""
    connection = op.get_bind()
    found = sa.inspect(connection)
    there = set(found.get_table_names())
    for table in _tables.sorted_tables:
        if table.name not in there:
            table.create(connection)
            continue
        columns = {column["name"] for column in found.get_columns(table.name)}
        for column in table.columns:
            if column.name not in columns:
                op.add_column(table.name, column._copy())
        indexes = {index["name"] for index in found.get_indexes(table.name)}
        for index in table.indexes:
            if index.name not in indexes:
                index.create(connection)


def downgrade() -> None:
    """Remove the tables with all they hold."""
    _tables.drop_all(op.get_bind())
