"""GET /api/metrics/webhooks: the events themselves, and the payload of one."""

import asyncio
import base64
import json
from typing import Annotated, Any, Literal
from uuid import UUID

import orjson
from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import BaseModel, Field

from github_metrics.api.asked import Question, asks, within
from github_metrics.api.csv_answers import Table, csv_answer
from github_metrics.api.lists import LIST, Paging, Sort, pages, sorted_by
from github_metrics.api.pages import Pagination, Time, pagination
from github_metrics.api.problems import PROBLEMS, BadParameter, NotFound, Problem
from github_metrics.api.requests import MAX_POSITION, Names, Reads, links, text
from projections.decode import content, parse
from projections.queries import webhook_queries
from projections.queries.rolled_up import rollups
from projections.queries.webhook_filters import Filters
from projections.queries.webhook_queries import NEWEST_FIRST
from replay.event import Reading
from replay.log import body_at
from replay.snapshot import Record, Snapshot

router = APIRouter(tags=["webhooks"])

Status = Literal["success", "error", "partial"]
Taken = Annotated[Snapshot, Depends(Reads(*webhook_queries.READS_OF_ONE), scope="function")]


class WebhookEvent(BaseModel):
    """One webhook event."""

    delivery_id: UUID = Field(description="GitHub's X-GitHub-Delivery")
    repository: str | None = Field(description="org/repo, as it was called then", examples=["org/repo"])
    event_type: str = Field(examples=["pull_request"])
    action: str | None = Field(examples=["opened"])
    pr_number: int | None = Field(description="the pull request that it is about")
    sender: str | None = Field(description="login of who caused it")
    status: Status
    created_at: Time = Field(description="when it was received")
    processed_at: Time = Field(description="when it was durable, or when the consumer was done with it")
    duration_ms: int = Field(description="our own work on it, or the consumer's where it was reported")
    api_calls_count: int = Field(description="GitHub API calls that were reported for it")
    token_spend: int = Field(description="those of them that count against the rate limit")
    token_remaining: int = Field(description="what was left of the rate limit; 0 where metrics_available is false")
    metrics_available: bool = Field(description="whether its API usage was reported")
    error_message: str | None
    position: int = Field(description="its place in the log")
    source: str = Field(description="webhook, or reconciled with GitHub's list of deliveries")
    event_at: Time | None = Field(description="GitHub's own time of what happened")
    suspect_replay: bool = Field(description="the same body came before from the same hook under another id")
    repeats: int = Field(description="further bodies that came under the same delivery id")


class WebhookEventDetail(WebhookEvent):
    """One webhook event with its payload."""

    payload: Any = Field(description="the body as JSON; null when it is not JSON, then `body` has it")
    body: str | None = Field(description="the exact bytes in base64, when they are not JSON")


class WebhookEvents(BaseModel):
    """A page of events, newest first."""

    data: list[WebhookEvent]
    pagination: Pagination


def event_fields(row: Record) -> dict[str, Any]:
    """The fields of a WebhookEvent from a row of the listing."""
    duration = row["reported_ms"] if row["reported_ms"] is not None else row["duration_us"] / 1000
    errors = [text for text in (row["error_message"], row["park_error"], row["report_error"]) if text]
    return {
        **{name: row[name] for name in ("delivery_id", "repository", "event_type", "action", "pr_number", "sender")},
        **{name: row[name] for name in ("status", "position", "source", "event_at", "suspect_replay", "repeats")},
        "created_at": row["received_at"],
        "processed_at": row["completed_at"] or row["processed_at"],
        "duration_ms": round(duration),
        "api_calls_count": row["api_calls"] or 0,
        "token_spend": row["charged_calls"] or 0,
        "token_remaining": row["remaining"] or 0,
        "metrics_available": row["reports"] > 0,
        "error_message": "\n".join(errors) or None,
    }


Questioned = Annotated[Question, asks(*webhook_queries.READS, actors="all")]


async def _filters(
    asked: Questioned,
    repository: Annotated[Names, Query(description="as repositories")] = None,
    event_type: Annotated[str | None, Query(description="for example pull_request")] = None,
    status: Annotated[Status | None, Query(description="how its processing went")] = None,
) -> Filters:
    return Filters(await within(asked, repository), None if event_type is None else text(event_type), status)


@router.get("/webhooks", operation_id="get_webhook_events", response_model=WebhookEvents, responses=LIST)
async def get_webhook_events(
    request: Request,
    response: Response,
    asked: Questioned,
    filters: Annotated[Filters, Depends(_filters)],
    paging: Annotated[Paging, pages(100, 1000)],
    after: Annotated[
        int | None,
        Query(
            ge=0,
            le=MAX_POSITION,
            description="only events beyond this position, as sorted, instead of `page`: for deep paging",
        ),
    ] = None,
    sort: Sort = None,
) -> Any:
    """Webhook events, newest first: when, what, in which repository, by whom, and whether its processing succeeded.
    Filter by repository, event type, status, sender and time.
    """
    snapshot = asked.snapshot
    order = sorted_by(NEWEST_FIRST, sort)
    if paging.csv:
        table = Table("webhooks", WebhookEvent, webhook_queries.stream(snapshot, filters, order), event_fields)
        return await csv_answer(request, response, table, snapshot)
    if after is not None and order.name != "position":
        raise BadParameter("after is a position: it goes with sort=position or -position")
    known = await rollups(snapshot)
    offset = 0 if after is not None else paging.part.offset
    # One more than asked for says whether there is a next page.
    most = paging.page_size + 1
    found = await webhook_queries.page(snapshot, known, filters, order, limit=most, offset=offset, after=after)
    rows = found[: paging.page_size]
    described = pagination(await webhook_queries.count(snapshot, known, filters), paging.page, paging.page_size)
    if after is not None:
        described |= {"has_next": len(found) > paging.page_size, "has_prev": True}
    response.headers["Link"] = _links(request, described, rows, after)
    return WebhookEvents.model_validate({"data": [event_fields(row) for row in rows], "pagination": described})


def _links(request: Request, described: dict[str, Any], rows: list[Record], after: int | None) -> str:
    if after is None:
        return links(request, described)
    url = request.url.include_query_params
    following = f', <{url(after=rows[-1]["position"])}>; rel="next"' if described["has_next"] else ""
    return f'<{request.url.remove_query_params("after")}>; rel="first"{following}'


@router.get(
    "/webhooks/{delivery_id}",
    operation_id="get_webhook_event_by_id",
    response_model=WebhookEventDetail,
    responses={**PROBLEMS, 404: {"model": Problem, "description": "No such event"}},
)
async def get_webhook_event_by_id(
    response: Response, snapshot: Taken, delivery_id: Annotated[UUID, Path(description="GitHub's X-GitHub-Delivery")]
) -> Response:
    """One webhook event with its full payload, by its delivery id. Payloads can be large."""
    row = await webhook_queries.event_at(snapshot, delivery_id)
    body = await body_at(snapshot.connection, row["position"]) if row is not None else None
    if row is None or body is None:
        raise NotFound(f"Webhook event not found: {delivery_id}")
    written = await asyncio.to_thread(_detail, row, body)
    return Response(written, media_type="application/json", headers=dict(response.headers))


def _detail(row: Record, body: bytes) -> bytes:
    """The answer as JSON. A clean body is JSON already: it is put in as it came, digit for digit."""
    event = WebhookEvent.model_validate(event_fields(row)).model_dump_json().encode()[:-1]
    payload, rest = b"null", b"null"
    try:
        payload = content(body) if row["reading"] == Reading.CLEAN else _written(parse(content(body)))
    except (ValueError, RecursionError):
        rest = orjson.dumps(base64.b64encode(body).decode())
    return b'%s,"payload":%s,"body":%s}' % (event, payload, rest)


def _written(payload: Any) -> bytes:
    """As JSON, whatever the size of its numbers: orjson writes none beyond 64 bits."""
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()
