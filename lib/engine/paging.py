"""Lists as OpenAI pages them: `limit` and `after` in, `data` and `has_more` out."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from lib.engine.errors import invalid
from lib.engine.tables import Listed

ASCENDING = ("asc", "ascending")
DESCENDING = ("desc", "descending")
R = TypeVar("R", bound=Listed)
T = TypeVar("T")
Values = type[T] | ColumnElement[T]


@dataclass(frozen=True)
class Page:
    """Which part of a list is asked for."""

    limit: int
    after: str | None
    ascending: bool = False


def read_page(request: Request, *, default: int, most: int) -> Page:
    """Read `limit`, `after` and `order` (each of OpenAI's lists has its own words for it) from the query string."""
    given = request.query_params.get("limit")
    if given is not None and not (given.isascii() and given.isdigit() and 1 <= int(given[:9]) <= most):
        raise invalid(f"'limit' must be a whole number between 1 and {most}.", "limit", "invalid_value")
    order = request.query_params.get("order", "desc")
    if order not in (*ASCENDING, *DESCENDING):
        raise invalid("'order' must be 'asc' or 'desc'.", "order", "invalid_value")
    return Page(int(given or default), request.query_params.get("after"), order in ASCENDING)


def take(session: Session, kind: type[R], where: Sequence[ColumnElement[bool]], page: Page) -> tuple[list[R], bool]:
    """Return the rows of a page, newest first unless asked otherwise, and whether more follow."""
    return take_values(session, kind, kind, where, page)


def take_values(
    session: Session, kind: type[Listed], what: Values[T], where: Sequence[ColumnElement[bool]], page: Page
) -> tuple[list[T], bool]:
    """Return one value of each row of a page, and whether more follow."""
    query = select(what).where(*where)
    if page.after is not None:
        anchor = session.scalar(select(kind.seq).where(*where, kind.id == page.after))
        if anchor is None:
            raise invalid(f"'after' names nothing in this list: '{page.after}'.", "after", "invalid_value")
        query = query.where(kind.seq > anchor if page.ascending else kind.seq < anchor)
    order = kind.seq.asc() if page.ascending else kind.seq.desc()
    rows = list(session.scalars(query.order_by(order).limit(page.limit + 1)))
    return rows[: page.limit], len(rows) > page.limit


def list_response(objects: Iterable[str], has_more: bool | None = None) -> Response:
    """Return the answer of a list whose objects are JSON already; None is for a list that is never paged."""
    more = "" if has_more is None else f',"has_more":{json.dumps(has_more)}'
    return Response(f'{{"object":"list","data":[{",".join(objects)}]{more}}}', media_type="application/json")


def list_object(data: list[dict[str, Any]], has_more: bool, *, ends: bool = False) -> dict[str, Any]:
    """Return a list object; `ends` adds `first_id` and `last_id` where OpenAI has them."""
    answer: dict[str, Any] = {"object": "list", "data": data, "has_more": has_more}
    if ends:
        answer |= {"first_id": data[0]["id"] if data else None, "last_id": data[-1]["id"] if data else None}
    return answer
