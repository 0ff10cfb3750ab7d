"""How the tables came to be what `serve.jobs.models` says, step by step (Alembic)."""
