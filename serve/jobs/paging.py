"""Pages of a list ordered by age, each beginning behind a row the client names."""

from collections.abc import Sequence
from typing import Literal, TypeVar

from sqlalchemy import Select, and_, or_

from media.errors import AvatarError
from serve.jobs.database import Database
from serve.jobs.models import Avatar, Job, Voice

Order = Literal["asc", "desc"]
Row = TypeVar("Row", Job, Avatar, Voice)


async def page(
    database: Database,
    table: type[Row],
    query: Select[Row],
    *,
    owner: str,
    after: str | None,
    limit: int,
    order: Order,
) -> tuple[Sequence[Row], bool]:
    """At most `limit` of the owner's rows that `query` selects, and whether more follow.

    Rows of the same instant are ordered by id. Raises AvatarError `invalid_request` where
    `after` is no row of this owner.
    """
    query = query.where(table.owner == owner)
    by = (table.created_at, table.id)
    query = query.order_by(*(c.asc() if order == "asc" else c.desc() for c in by))
    async with database.read() as session:
        if after is not None:
            last = await session.get(table, after)
            if last is None or last.owner != owner:
                raise AvatarError(
                    "invalid_request", "after must be an id from this list.", param="after"
                )
            same = table.created_at == last.created_at
            if order == "asc":
                behind = or_(table.created_at > last.created_at, and_(same, table.id > last.id))
            else:
                behind = or_(table.created_at < last.created_at, and_(same, table.id < last.id))
            query = query.where(behind)
        found = (await session.scalars(query.limit(limit + 1))).all()
    return found[:limit], len(found) > limit
