"""What every list asks of a request and answers: pages with links, or the whole as CSV."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeVar

from fastapi import Depends, Query, Request, Response
from pydantic import BaseModel

from github_metrics.api.accepted import weights
from github_metrics.api.csv_answers import Table, csv_answer
from github_metrics.api.pages import pagination
from github_metrics.api.problems import PROBLEMS, BadParameter
from github_metrics.api.requests import Page, links
from projections.queries.listing import ListQuery, Part, Sortable
from replay.snapshot import Record, Snapshot

Format = Literal["json", "csv"]
Sorted = TypeVar("Sorted", bound=Sortable)

LIST: dict[int | str, dict[str, Any]] = {
    **PROBLEMS,
    200: {"content": {"text/csv": {"schema": {"type": "string"}}}, "description": "A page, or the whole list as CSV"},
}
"""The answers of a list, for OpenAPI."""


@dataclass(frozen=True, slots=True)
class Paging:
    """Which page of a list is asked for; or, as CSV, all of it."""

    page: int
    page_size: int
    csv: bool = False

    @property
    def part(self) -> Part:
        return Part(self.page_size, (self.page - 1) * self.page_size)


def pages(default: int = 10, most: int = 100) -> Any:
    """A dependency: the page that a request asks for, `default` rows long and at most `most`."""

    async def paging(
        request: Request,
        page: Page = 1,
        page_size: Annotated[int, Query(ge=1, le=most, description="rows on a page")] = default,
        form: Annotated[
            Format | None,
            Query(alias="format", description="csv: the whole list, whatever the page; also by Accept: text/csv"),
        ] = None,
    ) -> Paging:
        return Paging(page, page_size, wants_csv(request, form))

    return Depends(paging)


def wants_csv(request: Request, asked: Format | None) -> bool:
    """Whether a request wants CSV: it says so, or names that and not JSON, or rather than JSON, as what it accepts."""
    if asked is not None:
        return asked == "csv"
    accepted = weights(request.headers.get("accept", ""))
    return accepted.get("text/csv", 0.0) > accepted.get("application/json", 0.0)


Sort = Annotated[str | None, Query(max_length=60, description="a column; -column: descending")]


def sorted_by(query: Sorted, sort: str | None) -> Sorted:
    """The list in the order that is asked for. Raises BadParameter, which names the columns."""
    if sort is None:
        return query
    name = sort.removeprefix("-")
    if name not in query.sorts:
        raise BadParameter(
            f"sort is none of the columns to sort by, each with or without '-' before it: {', '.join(query.sorts)}"
        )
    return query.by(name, descending=sort.startswith("-"))


Paged = Annotated[Paging, pages()]


async def listed(
    request: Request, response: Response, snapshot: Snapshot, query: ListQuery, paging: Paging
) -> tuple[list[Record], dict[str, Any]]:
    """The rows of the page and its pagination, with the Link header set."""
    found = await query.page(snapshot, paging.part)
    return found.rows, paginated(request, response, found.total, paging)


def paginated(request: Request, response: Response, total: int, paging: Paging) -> dict[str, Any]:
    """The pagination of a list of so many rows, with the Link header set."""
    described = pagination(total, paging.page, paging.page_size)
    response.headers["Link"] = links(request, described)
    return described


def link_longest(request: Request, response: Response, described: Iterable[dict[str, Any]]) -> None:
    """Set the Link header of lists that one page number pages: it leads on as long as one of them does."""
    response.headers["Link"] = links(request, max(described, key=lambda one: int(one["total_pages"])))


async def whole(
    request: Request,
    response: Response,
    snapshot: Snapshot,
    query: ListQuery,
    model: type[BaseModel],
    name: str,
    shown: Callable[[Record], dict[str, Any]] = dict,
) -> Response:
    """The whole list as a CSV called `name`, with the headers that `response` has by now. `shown`: the fields of
    `model` from a row.
    """
    return await csv_answer(request, response, Table(name, model, query.stream(snapshot), shown), snapshot)
