"""How work is spread over people, how soon each reviews, and where approvals wait: three lists, each with a summary."""

from dataclasses import replace
from typing import Any, LiteralString

from psycopg import sql

from projections.queries.inequality import gini
from projections.queries.listing import ListQuery
from projections.queries.people import CHOSEN, FACTS, KNOWN, NAMED, TOUCHED, People, touched
from projections.queries.sections import Section
from projections.queries.statistics import statistics
from replay.snapshot import Snapshot

READS = ("pull_requests", "pr_reviews", "pr_labels", "pr_label_sightings")
"""The projections that the lists are made of, besides those that name repositories and bots."""

WARNING_SECONDS = 24 * 3600
CRITICAL_SECONDS = 48 * 3600
"""A median time to approval that is longer is worth an alert."""

WAITING = sql.SQL("p.merged_at IS NULL AND p.closed_at IS NULL AND NOT coalesce(p.draft, false)")
"""Open and ready, now."""

ACTS = sql.SQL("""{facts}, {touched},
    concerned AS MATERIALIZED (
        SELECT * FROM reviewed
        UNION
        SELECT repository_id, number FROM pulls
        WHERE ready_at >= %(start)s::timestamptz AND ready_at < %(end)s::timestamptz
    ),
    acts AS MATERIALIZED (
        SELECT * FROM (
            SELECT person, min("user") FILTER (WHERE review) AS "user", min("user") FILTER (WHERE NOT review) AS spelled,
                   bool_or(bot) AS bot,
                   min(at) FILTER (WHERE approves) AS approved_at,
                   count(*) FILTER (WHERE review AND at >= %(start)s::timestamptz AND at < %(end)s::timestamptz)
                       AS reviews,
                   min(ready_at) AS ready_at, count(*) FILTER (WHERE review AND timely) AS timely_reviews,
                   min(at) FILTER (WHERE review AND timely) AS timely_review_at,
                   min(at) FILTER (WHERE approves AND timely) AS timely_approval_at
            FROM (
                SELECT repository_id, number, at, person, "user", bot, ready_at, {timely} AS timely,
                       true AS review, state = 'approved' AS approves
                FROM {reviews}
                UNION ALL
                SELECT repository_id, number, at, person, "user", bot, ready_at, {timely}, false, true
                FROM {marks}
            ) AS given GROUP BY number, repository_id, person
        ) AS of_each WHERE {chosen}
    )
""")
"""What each person did with each pull request. `timely`: the pull request became ready in the window, and this was done
between then and its merge. The number is compared first, since it tells most pull requests apart.
"""
TIMELY = sql.SQL("""
    ready_at >= %(start)s::timestamptz AND ready_at < %(end)s::timestamptz
    AND at >= ready_at AND at < coalesce(merged_at, 'infinity')
""")
APPROVED = sql.SQL("approved_at >= %(start)s::timestamptz AND approved_at < %(end)s::timestamptz")
"""By the first approval, so that it counts in one window only."""
WORKLOAD = sql.SQL("""
    work AS (
        SELECT person, min("user") AS "user", min(spelled) AS spelled, bool_or(bot) AS bot,
               sum(created)::bigint AS prs_created,
               sum(reviewed)::bigint AS prs_reviewed, sum(approved)::bigint AS prs_approved, sum(open)::bigint AS wip
        FROM (
            SELECT person, "user", NULL AS spelled, author_type = 'Bot' AS bot, 1 AS created, 0 AS reviewed, 0 AS approved, 0 AS open
            FROM pulls WHERE opened
            UNION ALL
            SELECT person, "user", NULL, author_type = 'Bot', 0, 0, 0, 1 FROM pulls p WHERE {waiting}
            UNION ALL
            SELECT person, "user", spelled, bot, 0, least(reviews, 1), CASE WHEN {approved} THEN 1 ELSE 0 END, 0
            FROM acts
        ) AS each_one GROUP BY person HAVING sum(created + reviewed + approved) > 0
    ),
    listed AS MATERIALIZED (
        SELECT person, {named} AS "user", prs_created, prs_reviewed, prs_approved, wip
        FROM work LEFT JOIN {known} USING (person) WHERE {chosen}
    )
""").format(waiting=WAITING, approved=APPROVED, chosen=sql.SQL(CHOSEN), named=NAMED, known=KNOWN)
WORKLOAD_SUMMARY = sql.SQL("""
    SELECT count(*) AS total_contributors, {prs} AS prs_per_contributor,
           (SELECT jsonb_build_object('user', "user", 'total_prs', prs_created) FROM listed WHERE prs_created > 0
            ORDER BY prs_created DESC, person LIMIT 1) AS top_contributor,
           {gini} AS workload_gini
    FROM listed
""").format(prs=statistics("prs_created", "prs_created > 0"), gini=gini("SELECT prs_created FROM listed"))

REVIEW_EFFICIENCY = sql.SQL("""
    waits AS MATERIALIZED (
        SELECT person, "user", timely_reviews AS reviews,
               extract(epoch FROM timely_review_at - ready_at)::float8 AS seconds
        FROM acts WHERE timely_reviews > 0
    ),
    listed AS MATERIALIZED (
        SELECT person, min("user") AS "user", sum(reviews)::bigint AS total_reviews, count(*) AS sample,
               {seconds} AS review_time, percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds) AS median
        FROM waits GROUP BY person
    ),
    enough AS (
        SELECT *, sample < %(min_reviews)s AS low FROM listed
        WHERE sample >= least(%(min_reviews)s, (SELECT max(sample) FROM listed))
    )
""").format(seconds=statistics("seconds"))
REVIEW_EFFICIENCY_SUMMARY = sql.SQL("""
    SELECT {seconds} AS review_time,
           (SELECT to_jsonb(enough) FROM enough ORDER BY median, person LIMIT 1) AS fastest_reviewer,
           (SELECT to_jsonb(enough) FROM enough ORDER BY median DESC, person LIMIT 1) AS slowest_reviewer
    FROM waits
""").format(seconds=statistics("seconds"))

BOTTLENECKS = sql.SQL("""
    waits AS MATERIALIZED (
        SELECT person, "user", spelled, extract(epoch FROM timely_approval_at - ready_at)::float8 AS seconds
        FROM acts WHERE timely_approval_at IS NOT NULL
    ),
    listed AS MATERIALIZED (
        SELECT person, {named} AS approver, total_approvals, approval_time, median,
               CASE WHEN median > %(critical)s THEN 'critical' WHEN median > %(warning)s THEN 'warning' END AS severity
        FROM (
            SELECT person, min("user") AS "user", min(spelled) AS spelled, count(*) AS total_approvals,
                   {seconds} AS approval_time, percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds) AS median
            FROM waits GROUP BY person
        ) AS of_each LEFT JOIN {known} USING (person)
    ),
    alerts AS (
        SELECT *, row_number() OVER (ORDER BY {worst}) AS place FROM listed WHERE severity IS NOT NULL
    )
""")
WORST = sql.SQL("severity <> 'critical', median DESC, person")
BOTTLENECKS_SUMMARY = sql.SQL("""
    SELECT {seconds} AS approval_time, (SELECT count(*) FROM alerts) AS total_alerts,
           (SELECT coalesce(jsonb_agg(to_jsonb(alerts) ORDER BY place), '[]') FROM alerts
            WHERE place > %(offset)s AND place <= %(offset)s + %(limit)s) AS alerts
    FROM waits
""").format(seconds=statistics("seconds"))
PENDING = sql.SQL(
    """
WITH {facts}
SELECT count(*) AS pending FROM pulls p
WHERE {waiting}
AND NOT EXISTS (
    SELECT FROM reviews WHERE repository_id = p.repository_id AND number = p.number AND state = 'approved' AND {chosen}
    OFFSET 0
)
AND NOT EXISTS (
    SELECT FROM marks WHERE repository_id = p.repository_id AND number = p.number AND {chosen} OFFSET 0
)
"""
)
"""OFFSET 0: looked up for each that is open, which are few, and not for all that there ever were."""

workload = Section(
    WORKLOAD,
    WORKLOAD_SUMMARY,
    sql.SQL("prs_created DESC, prs_reviewed DESC, prs_approved DESC, person"),
    sorts={"user": "person", **{name: name for name in ("prs_created", "prs_reviewed", "prs_approved", "wip")}},
)
"""What each person opened, reviewed and approved in the window, the busiest first."""
review_efficiency = Section(
    REVIEW_EFFICIENCY,
    REVIEW_EFFICIENCY_SUMMARY,
    sql.SQL("total_reviews DESC, person"),
    sorts={"user": "person", "total_reviews": "total_reviews", "median_review_time_hours": "median"},
)
"""How soon each reviewer first reviewed what became ready in the window, who reviewed most first."""
APPROVER_SORTS: dict[str, LiteralString] = {
    "approver": "person",
    "total_approvals": "total_approvals",
    "median_approval_hours": "median",
}


def acts(asked: People) -> sql.Composed:
    """The expressions that all sections are made of."""
    return ACTS.format(
        facts=sql.SQL(FACTS),
        touched=sql.SQL(TOUCHED),
        reviews=touched(asked, "reviews", "concerned"),
        marks=touched(asked, "marks", "concerned"),
        timely=TIMELY,
        chosen=sql.SQL(CHOSEN),
    )


def bottlenecks(alerts: sql.Composable = WORST) -> Section:
    """How soon each approver first approved what became ready in the window, who approved most first. Its summary has
    the same page of the alerts, in the order that `alerts` says.
    """
    order = sql.SQL("total_approvals DESC, person")
    return Section(_approvers(alerts), BOTTLENECKS_SUMMARY, order, sorts=APPROVER_SORTS)


def alerts(arguments: dict[str, Any], shared: sql.Composable) -> ListQuery:
    """Those of them whose median is worth an alert, critical ones first, the slowest first."""
    select = sql.SQL("WITH {}, {} SELECT * FROM alerts").format(shared, _approvers(WORST))
    return ListQuery(select, WORST, arguments, sorts={**APPROVER_SORTS, "severity": "severity"})


def _approvers(worst: sql.Composable) -> sql.Composed:
    return BOTTLENECKS.format(seconds=statistics("seconds"), worst=worst, named=NAMED, known=KNOWN)


def arguments(asked: People, prefix: str, min_reviews: int = 1) -> dict[str, Any]:
    """Of every section. `prefix`: of the labels that approve; `min_reviews`: the least that make one the fastest."""
    seconds = {"warning": WARNING_SECONDS, "critical": CRITICAL_SECONDS}
    return {**asked.arguments(), **seconds, "prefix": prefix, "min_reviews": min_reviews}


async def pending(snapshot: Snapshot, asked: People, prefix: str) -> int:
    """Pull requests that are open and ready and that nobody else has approved, by anyone: no window, no `users`."""
    anyones = replace(asked, start=None, end=None, users=None, excluded=())
    query = PENDING.format(facts=sql.SQL(FACTS), chosen=sql.SQL(CHOSEN), waiting=WAITING)
    return int((await snapshot.one(query, {**anyones.arguments(), "prefix": prefix}))["pending"])
