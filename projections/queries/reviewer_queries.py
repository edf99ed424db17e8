"""Reviewers, and teams that are asked for reviews: what is asked of them, how soon they answer, what they have done."""

from dataclasses import replace
from typing import Any, Literal, LiteralString

from psycopg import sql

from projections.queries.inequality import gini
from projections.queries.people import CHOSEN, FACTS, OF_OTHERS, People
from projections.queries.sections import Section
from projections.queries.statistics import median, statistics
from projections.queries.team_queries import SCOPE, team_key, teams_of

READS = ("pull_requests", "pr_reviews", "pr_labels", "pr_label_sightings", "pr_events", "review_requests")
"""The projections that the answers are made of, besides those that name repositories and bots."""

Kind = Literal["user", "team"]

COUNTED = ("open_requests", "requests", "answered", "pending", "withdrawn", "unanswered", "reviews")
SORTS: dict[str, LiteralString] = {
    "reviewer": "person",
    **{name: name for name in COUNTED},
    **{name: name for name in ("prs_reviewed", "rounds")},
    "response_time": median("response_time"),
    "rounds_per_pr": median("rounds_per_pr"),
}

ALL: LiteralString = "pulls p"
TOUCHED: LiteralString = """(
    SELECT repository_id, number FROM pulls WHERE merged_at IS NULL AND closed_at IS NULL
    UNION SELECT repository_id, number FROM pr_reviews
          WHERE submitted_at >= %(start)s::timestamptz AND submitted_at < %(end)s::timestamptz
    UNION SELECT repository_id, number FROM review_requests
          WHERE at >= %(start)s::timestamptz AND at < %(end)s::timestamptz
) AS found JOIN pulls p USING (repository_id, number)"""
"""The pull requests that can matter: all, or the open ones and those of a window."""

GIVEN = sql.SQL("""
    SELECT repository_id, number, p.open, v.person, coalesce(v.reviewer, 'ghost') AS "user",
           v.reviewer_type = 'Bot' AS bot, v.submitted_at AS at
    FROM pr_reviews v JOIN touched p USING (repository_id, number) WHERE {of_others}
""").format(of_others=sql.SQL(OF_OTHERS))
OF_PEOPLE = sql.SQL("""
    requests AS NOT MATERIALIZED (
        SELECT q.repository_id, q.number, lower(q.reviewer) AS person, q.reviewer AS "user",
               q.reviewer_type = 'Bot' AS bot, q.at, q.requested
        FROM review_requests q WHERE NOT q.team
    ),
    given AS NOT MATERIALIZED ({given}),
    named AS NOT MATERIALIZED (
        SELECT p.repository_id, p.number, lower(asked.login) AS person, asked.login AS "user", NULL::boolean AS bot
        FROM pulls p, unnest(p.requested_reviewers) AS asked(login) WHERE p.merged_at IS NULL AND p.closed_at IS NULL
    )
""").format(given=GIVEN)
OF_TEAMS = sql.SQL("""
    requests AS NOT MATERIALIZED (
        SELECT q.repository_id, q.number, {request_key} AS person, q.reviewer AS "user", false AS bot, q.at, q.requested
        FROM review_requests q WHERE q.team
    ),
    given AS NOT MATERIALIZED (
        SELECT v.repository_id, v.number, v.open, of.team AS person, NULL AS "user", false AS bot, v.at
        FROM (SELECT *, {scope} AS scope FROM ({given}) AS theirs WHERE {chosen}) AS v,
             jsonb_array_elements_text({members}) AS of(team)
    ),
    named AS NOT MATERIALIZED (
        SELECT p.repository_id, p.number, {slug_key} AS person, asked.slug AS "user", false AS bot
        FROM pulls p, unnest(p.requested_teams) AS asked(slug) WHERE p.merged_at IS NULL AND p.closed_at IS NULL
    )
""").format(
    given=GIVEN,
    request_key=sql.SQL(team_key("q.reviewer")),
    scope=sql.SQL(SCOPE),
    chosen=sql.SQL(CHOSEN),
    members=sql.SQL(teams_of("v.person")),
    slug_key=sql.SQL(team_key("asked.slug")),
)
"""What is asked of people, what they give, and whom the last payload of an open one names; the same for teams, for which any member
gives.
"""
MOVES: LiteralString = """
    touched AS MATERIALIZED (
        SELECT repository_id, number, p.author_id, p.author, p.merged_at IS NULL AND p.closed_at IS NULL AS open
        FROM {touched}
    ),
    {asked},
    acts AS (
        SELECT repository_id, number, true AS open, person, "user", '-infinity'::timestamptz AS at, 3 AS act
        FROM named WHERE {chosen}
        UNION ALL
        SELECT repository_id, number, open, person, "user", at, CASE WHEN requested THEN 1 ELSE 0 END
        FROM requests JOIN touched USING (repository_id, number) WHERE {chosen}
        UNION ALL
        SELECT repository_id, number, open, person, "user", at, 2 FROM given WHERE {chosen}
    ),
    moves AS (
        SELECT *, lead(act) OVER after AS next_act, lead(at) OVER after AS next_at, lag(act) OVER after AS last_act,
               coalesce(first_value(act) OVER after, act) = 3 AS listed,
               max(at) FILTER (WHERE act = 2) OVER after AS last_review_at,
               at >= %(start)s::timestamptz AND at < %(end)s::timestamptz AND act < 3 AS inside
        FROM acts WINDOW after AS (
            PARTITION BY number, repository_id, person ORDER BY at, act ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        )
    ),
    told AS MATERIALIZED (
        SELECT repository_id, number, person, "user", inside AND act = 2 AS reviewed,
               open AND next_act IS NULL AND CASE act WHEN 1 THEN listed OR at >= {told_at} WHEN 3 THEN true
                                                      ELSE listed AND at < {told_at} END AS waiting,
               CASE WHEN inside AND act = 1 AND next_act = 2 THEN extract(epoch FROM next_at - at)::float8 END
                   AS seconds,
               CASE WHEN NOT inside OR act <> 1 THEN NULL WHEN next_act = 2 THEN 'answered'
                    WHEN next_act IS NOT NULL THEN 'withdrawn' WHEN NOT open THEN 'unanswered'
                    WHEN listed OR at >= {told_at} THEN 'pending' ELSE 'withdrawn' END AS outcome,
               CASE WHEN inside AND act = 2 THEN last_act = 1 OR EXISTS (
                   SELECT FROM pr_events e WHERE e.repository_id = moves.repository_id AND e.number = moves.number
                   AND e.action = 'synchronize' AND e.at >= moves.last_review_at AND e.at <= moves.at
               ) END AS turned
        FROM moves ORDER BY number, repository_id, person, at, act
    ),
    rounds AS MATERIALIZED (
        SELECT repository_id, number, person, count(*) FILTER (WHERE turned) AS rounds
        FROM told WHERE reviewed GROUP BY number, repository_id, person
    )
"""
"""`acts`: requests (1), requests taken back (0), reviews (2), and before all of them that the last payload lists who is
asked (3), of each person at each pull request. `told`: of each whether a review is `waiting` for now by the newest
word, the last payload's list or the act after it; of a request of the window its `outcome`; of a review of the window
whether it ended a round. `rounds`: of each person who reviewed a pull request then. The order of `told` is the one that
`moves` has, and `rounds` needs: nothing is sorted again. The number is compared first, since it tells most pull requests
apart.
"""
TOLD_AT: LiteralString = """coalesce((
    SELECT p.updated_at FROM pull_requests p WHERE p.repository_id = moves.repository_id AND p.number = moves.number
), '-infinity')"""
"""When the last payload was, looked up for the few that need it: the last act of each person at what is open."""
COUNTS: LiteralString = """
    count(*) FILTER (WHERE waiting) AS open_requests, count(outcome) AS requests,
    count(*) FILTER (WHERE outcome = 'answered') AS answered, count(*) FILTER (WHERE outcome = 'pending') AS pending,
    count(*) FILTER (WHERE outcome = 'withdrawn') AS withdrawn,
    count(*) FILTER (WHERE outcome = 'unanswered') AS unanswered, count(*) FILTER (WHERE reviewed) AS reviews
"""
LISTED = sql.SQL("""
    gathered AS MATERIALIZED (
        SELECT person, min("user") AS reviewer, {counts}, count(*) FILTER (WHERE turned) AS rounds,
               array_agg(seconds) FILTER (WHERE seconds IS NOT NULL) AS times
        FROM told WHERE waiting OR reviewed OR outcome IS NOT NULL GROUP BY person
    ),
    reviewed AS (
        SELECT person, count(*) AS prs_reviewed, array_agg(rounds) AS of_each FROM rounds GROUP BY person
    ),
    listed AS MATERIALIZED (
        SELECT person, reviewer, {names}, coalesce(prs_reviewed, 0) AS prs_reviewed, rounds,
               (SELECT {seconds} FROM unnest(times) AS seconds) AS response_time,
               (SELECT {rounds} FROM unnest(of_each) AS of_one) AS rounds_per_pr
        FROM gathered LEFT JOIN reviewed USING (person)
    )
""").format(
    counts=sql.SQL(COUNTS),
    names=sql.SQL(", ").join(map(sql.Identifier, COUNTED)),
    seconds=statistics("seconds"),
    rounds=statistics("of_one"),
)
SUMMARY = sql.SQL("""
    SELECT {sums}, (SELECT {seconds} FROM gathered, unnest(times) AS seconds) AS response_time,
           {gini} AS review_gini,
           (SELECT {rounds} FROM (
               SELECT max(rounds) AS most FROM rounds GROUP BY number, repository_id
           ) AS of_each) AS review_rounds
    FROM listed
""").format(
    sums=sql.SQL(", ").join(
        sql.SQL("coalesce(sum({0}), 0)::bigint AS {0}").format(sql.Identifier(name)) for name in COUNTED
    ),
    seconds=statistics("seconds"),
    gini=gini("SELECT reviews FROM listed"),
    rounds=statistics("most"),
)
"""The times of a person are gathered before they are sorted: sorting all acts by person takes longer."""


def reviewers(asked: People, kind: Kind = "user") -> Section:
    """Who was asked for a review or gave one in the window, or is asked now, the most open requests first; and all of
    them together, where who is listed and has not reviewed counts as 0 in review_gini. Of teams, what any member gives
    counts.
    """
    touched = sql.SQL(ALL if asked.start is None and asked.end is None else TOUCHED)
    chosen = sql.SQL("true" if kind == "team" else CHOSEN)
    by = OF_TEAMS if kind == "team" else OF_PEOPLE
    told = sql.SQL(MOVES).format(touched=touched, asked=by, chosen=chosen, told_at=sql.SQL(TOLD_AT))
    parts = [sql.SQL(FACTS), told, LISTED]
    return Section(sql.SQL(", ").join(parts), SUMMARY, sql.SQL("open_requests DESC, person"), sorts=SORTS)


def arguments(asked: People, teams: dict[str, Any], kind: Kind = "user") -> dict[str, Any]:
    """`teams`: from team_arguments. Of teams, `users` and `excluded` mean nothing."""
    people = replace(asked, users=None, excluded=()) if kind == "team" else asked
    return {**people.arguments(), **teams, "prefix": ""}
