"""Run by Alembic: applies revisions in the transaction that `serve.jobs.schema` holds open."""

from alembic import context

from serve.jobs.models import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    transactional_ddl=True,  # SQLite's too: schema changes are undone with the transaction
)
with context.begin_transaction():
    context.run_migrations()
