"""GET /api/metrics/explain/{owner}/{repo}/{number}: where every number of one pull request comes from."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from github_metrics.api.explained import Explained
from github_metrics.api.open_work import is_open
from github_metrics.api.pages import Time
from github_metrics.api.problems import PROBLEMS, NotFound, Problem
from github_metrics.api.pull_request_path import Asked, names_one
from github_metrics.api.requests import instant
from projections.queries import explanation_queries

router = APIRouter(tags=["pull requests"])


class Delivery(BaseModel):
    """The delivery that told it, the first of them where several did."""

    delivery_id: UUID
    position: int = Field(description="its place in the log")
    event_type: str | None
    action: str | None


class PassedOver(BaseModel):
    """What could have set a boundary, and why it did not."""

    kind: str = Field(description="review, comment, label or ready_for_review")
    at: Time | None
    actor: str | None
    state: str | None = Field(description="of a review; of a label its name")
    reason: str = Field(examples=["by a bot"])
    source: Delivery | None


class Boundary(BaseModel):
    """A moment in the life of a pull request."""

    name: str = Field(examples=["first_review_at"])
    value: Time | None = Field(description="of merged ones as the phases use it: made monotone")
    raw_value: Time | None = Field(description="as it happened; null where it did not")
    clamped: bool = Field(description="value is not raw_value")
    imputed: bool = Field(description="it stands for what never was, or was not seen")
    rule: str
    source: Delivery | None
    passed_over: list[PassedOver] = Field(description="up to the one that set it; the first 50")
    passed_over_total: int


class Phase(BaseModel):
    """A time between two boundaries."""

    name: str = Field(examples=["pickup_time"])
    seconds: float | None
    begins: str = Field(description="name of a boundary")
    ends: str = Field(description="name of a boundary")
    rule: str
    imputed: bool = Field(description="it ends or begins at what never was: out of this phase's statistics")
    clamped: bool = Field(description="one of its boundaries is")


class Fact(BaseModel):
    """A number or flag that is no time."""

    name: str = Field(examples=["size"])
    value: bool | int | float | Time | str | None
    rule: str
    sources: list[Delivery] = Field(description="the first 50")


class DraftTurn(BaseModel):
    """When it was opened, and when it became a draft or ready."""

    at: Time | None
    draft: bool
    inferred: bool = Field(description="its turn was not seen; a later payload says so")
    source: Delivery | None


class ExplainedPullRequest(BaseModel):
    """Which pull request it is."""

    number: int
    repository: str | None = Field(description="org/repo, as it is called now", examples=["org/repo"])
    title: str | None
    url: str | None


class Explanation(BaseModel):
    """Where every number of a pull request comes from."""

    pr: ExplainedPullRequest
    clamped: bool = Field(description="making the boundaries monotone moved one")
    boundaries: list[Boundary]
    phases: list[Phase]
    facts: list[Fact]
    draft_history: list[DraftTurn]
    as_of: Time | None = Field(description="what age and stale refer to: now; null of one that is done")


@router.get(
    "/explain/{owner}/{repo}/{number}",
    operation_id="explain_pull_request",
    responses={**PROBLEMS, 404: {"model": Problem, "description": "No such pull request"}},
)
async def explain_pull_request(
    request: Request, response: Response, asked: Annotated[Asked, names_one(*explanation_queries.READS)]
) -> Explanation:
    """Where the numbers of one pull request come from: each boundary, phase and count with its rule, the delivery that
    set it, and what was passed over and why.
    """
    state, snapshot = request.app.state, asked.snapshot
    people = {
        "bot_logins": [login.lower() for login in state.bot_logins],
        "approval_prefix": state.approval_label_prefix,
    }
    life = await explanation_queries.life(snapshot, asked.key, people)
    if life is None:
        raise NotFound(f"PR #{asked.number} of {asked.found['repository']} is known by comments only: no numbers")
    candidates = await explanation_queries.candidates(snapshot, asked.key, people, life)
    now = instant(request).replace(microsecond=0)
    deliveries = await explanation_queries.deliveries(snapshot, asked.key, life)
    turns = await explanation_queries.turns(snapshot, asked.key, people)
    explained = Explained(life, deliveries, candidates, turns, now)
    if is_open(life):
        # Its age is another one each second: nobody has this answer already.
        del response.headers["ETag"]
    return Explanation.model_validate(
        {
            "pr": {"number": asked.number, **{name: asked.found[name] for name in ("repository", "title", "url")}},
            "clamped": life["clamped"],
            "boundaries": explained.boundaries(),
            "phases": explained.phases(),
            "facts": explained.facts(),
            "draft_history": explained.draft_history(),
            "as_of": now if is_open(life) else None,
        }
    )
