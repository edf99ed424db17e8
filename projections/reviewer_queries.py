"""Reviewers, and teams that are asked for reviews: what is asked of them, how soon they answer, what they have done."""

from dataclasses import replace
from typing import Any, Literal, LiteralString

from psycopg import sql

from projections.inequality import gini
from projections.listing import ListQuery
from projections.people import CHOSEN, FACTS, People
from projections.statistics import statistics
from projections.team_queries import MEMBERS, SCOPE, team_key
from replay.snapshot import Record, Snapshot

READS = ("pull_requests", "pr_reviews", "pr_labels", "pr_label_sightings", "pr_events", "review_requests")
"""The projections that the answers are made of, besides those that name repositories and bots."""

Kind = Literal["user", "team"]

ALL: LiteralString = "SELECT repository_id, number FROM pulls"
TOUCHED: LiteralString = """
    SELECT repository_id, number FROM pulls WHERE merged_at IS NULL AND closed_at IS NULL
    UNION SELECT repository_id, number FROM reviews
          WHERE at >= %(start)s::timestamptz AND at < %(end)s::timestamptz
    UNION SELECT q.repository_id, q.number FROM review_requests q
          WHERE q.at >= %(start)s::timestamptz AND q.at < %(end)s::timestamptz
"""
"""The pull requests that can matter: all, or the open ones and those of a window."""

OF_PEOPLE = sql.SQL("""
    requests AS NOT MATERIALIZED (
        SELECT q.repository_id, q.number, lower(q.reviewer) AS person, q.reviewer AS "user",
               q.reviewer_type = 'Bot' AS bot, q.at, q.requested
        FROM review_requests q WHERE NOT q.team
    ),
    given AS NOT MATERIALIZED (SELECT * FROM reviews),
    named AS NOT MATERIALIZED (
        SELECT p.repository_id, p.number, lower(asked.login) AS person, asked.login AS "user", NULL::boolean AS bot
        FROM pulls p, unnest(p.requested_reviewers) AS asked(login)
    )
""")
OF_TEAMS = sql.SQL("""{members},
    requests AS NOT MATERIALIZED (
        SELECT q.repository_id, q.number, {request_key} AS person, q.reviewer AS "user", false AS bot,
               q.at, q.requested
        FROM review_requests q WHERE q.team
    ),
    given AS NOT MATERIALIZED (
        SELECT v.repository_id, v.number, of.team AS person, NULL AS "user", false AS bot, v.at
        FROM (SELECT *, {scope} AS scope FROM reviews WHERE {chosen}) AS v
        JOIN team_members m USING (scope, person), unnest(m.teams) AS of(team)
    ),
    named AS NOT MATERIALIZED (
        SELECT p.repository_id, p.number, {slug_key} AS person, asked.slug AS "user", false AS bot
        FROM pulls p, unnest(p.requested_teams) AS asked(slug)
    )
""").format(
    members=sql.SQL(MEMBERS),
    request_key=sql.SQL(team_key("q.reviewer")),
    scope=sql.SQL(SCOPE),
    chosen=sql.SQL(CHOSEN),
    slug_key=sql.SQL(team_key("asked.slug")),
)
"""What is asked of people, what they give, and whom the last payload named; the same for teams, for which any member
gives.
"""
MOVES: LiteralString = """
    touched AS MATERIALIZED (
        SELECT repository_id, number, p.merged_at IS NULL AND p.closed_at IS NULL AS open,
               coalesce(p.updated_at, '-infinity') AS told_at
        FROM ({touched}) AS found JOIN pulls p USING (repository_id, number)
    ),
    acts AS (
        SELECT repository_id, number, person, "user", at, CASE WHEN requested THEN 1 ELSE 0 END AS act
        FROM requests JOIN touched USING (repository_id, number) WHERE {chosen}
        UNION ALL
        SELECT repository_id, number, person, "user", at, 2
        FROM given JOIN touched USING (repository_id, number) WHERE {chosen}
    ),
    moves AS MATERIALIZED (
        SELECT repository_id, number, person, "user", at, act, lead(act) OVER after AS next_act,
               lead(at) OVER after AS next_at, lag(act) OVER after AS last_act,
               max(at) FILTER (WHERE act = 2) OVER (after ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
                   AS last_review_at
        FROM acts WINDOW after AS (PARTITION BY repository_id, number, person ORDER BY at, act)
    ),
    last_told AS (
        SELECT repository_id, number, person, min("user") AS "user"
        FROM named JOIN touched USING (repository_id, number) WHERE open AND {chosen} GROUP BY 1, 2, 3
    ),
    waiting AS MATERIALIZED (
        SELECT repository_id, number, person, coalesce(moved."user", last_told."user") AS "user"
        FROM (
            SELECT repository_id, number, person, min("user") AS "user", max(at) FILTER (WHERE act = 1) AS asked_at,
                   max(at) FILTER (WHERE act <> 1) AS ended_at
            FROM moves JOIN touched USING (repository_id, number) WHERE open GROUP BY 1, 2, 3
        ) AS moved
        FULL JOIN last_told USING (repository_id, number, person) JOIN touched USING (repository_id, number)
        WHERE CASE WHEN asked_at >= told_at AND asked_at > coalesce(ended_at, '-infinity') THEN true
                   WHEN ended_at >= told_at AND ended_at > coalesce(asked_at, '-infinity') THEN false
                   ELSE last_told.person IS NOT NULL END
    ),
    asked AS MATERIALIZED (
        SELECT m.person, CASE WHEN m.next_act = 2 THEN 'answered' WHEN m.next_act IS NOT NULL THEN 'withdrawn'
                              WHEN NOT t.open THEN 'unanswered' WHEN w.person IS NOT NULL THEN 'pending'
                              ELSE 'withdrawn' END AS outcome,
               CASE WHEN m.next_act = 2 THEN extract(epoch FROM m.next_at - m.at)::float8 END AS seconds
        FROM moves m JOIN touched t USING (repository_id, number)
        LEFT JOIN waiting w USING (repository_id, number, person)
        WHERE m.act = 1 AND m.at >= %(start)s::timestamptz AND m.at < %(end)s::timestamptz
    ),
    done AS MATERIALIZED (
        SELECT person, repository_id, number, count(*) AS reviews, count(*) FILTER (WHERE turned) AS rounds
        FROM (
            SELECT m.person, m.repository_id, m.number, m.last_act = 1 OR EXISTS (
                SELECT FROM pr_events e WHERE e.repository_id = m.repository_id AND e.number = m.number
                AND e.action = 'synchronize' AND e.at >= m.last_review_at AND e.at <= m.at
            ) AS turned
            FROM moves m
            WHERE m.act = 2 AND m.at >= %(start)s::timestamptz AND m.at < %(end)s::timestamptz
        ) AS reviewed GROUP BY 1, 2, 3
    )
"""
"""`moves`: requests (1), requests taken back (0) and reviews (2) of each person at each pull request, in order.
`waiting`: whose review is asked for now, by the newest word: the last payload's list, or what came after it.
`asked`: the requests of the window and what became of them. `done`: the reviews of the window by pull request.
"""
PEOPLE = sql.SQL("""
    people AS (
        SELECT person, min("user") AS "user" FROM (
            SELECT person, "user" FROM moves WHERE person IN (SELECT person FROM asked UNION SELECT person FROM done)
            UNION ALL SELECT person, "user" FROM waiting
        ) AS met GROUP BY person
    ),
    requested AS (
        SELECT person, count(*) AS requests, count(*) FILTER (WHERE outcome = 'answered') AS answered,
               count(*) FILTER (WHERE outcome = 'pending') AS pending,
               count(*) FILTER (WHERE outcome = 'withdrawn') AS withdrawn,
               count(*) FILTER (WHERE outcome = 'unanswered') AS unanswered,
               {seconds} AS response_time
        FROM asked GROUP BY person
    ),
    reviewed AS (
        SELECT person, sum(reviews)::bigint AS reviews, count(*) AS prs_reviewed, sum(rounds)::bigint AS rounds,
               {rounds} AS rounds_per_pr
        FROM done GROUP BY person
    ),
    loaded AS (SELECT person, count(*) AS open_requests FROM waiting GROUP BY person)
""").format(seconds=statistics("seconds"), rounds=statistics("rounds"))
NOTHING: LiteralString = """'{"count": 0, "mean": null, "quantiles": null}'::jsonb"""
LISTED = sql.SQL(
    """
WITH {facts}, {of}, {moves}, {people}
SELECT person, "user" AS reviewer, coalesce(open_requests, 0) AS open_requests, coalesce(requests, 0) AS requests,
       coalesce(answered, 0) AS answered, coalesce(pending, 0) AS pending, coalesce(withdrawn, 0) AS withdrawn,
       coalesce(unanswered, 0) AS unanswered, coalesce(response_time, {nothing}) AS response_time,
       coalesce(reviews, 0) AS reviews, coalesce(prs_reviewed, 0) AS prs_reviewed, coalesce(rounds, 0) AS rounds,
       coalesce(rounds_per_pr, {nothing}) AS rounds_per_pr
FROM people LEFT JOIN loaded USING (person) LEFT JOIN requested USING (person) LEFT JOIN reviewed USING (person)
"""
)
SUMMARY = sql.SQL(
    """
WITH {facts}, {of}, {moves}, {people}, requests_made AS (
    SELECT count(*) AS requests, count(*) FILTER (WHERE outcome = 'answered') AS answered,
           count(*) FILTER (WHERE outcome = 'pending') AS pending,
           count(*) FILTER (WHERE outcome = 'withdrawn') AS withdrawn,
           count(*) FILTER (WHERE outcome = 'unanswered') AS unanswered, {seconds} AS response_time
    FROM asked
)
SELECT (SELECT count(*) FROM people) AS reviewers, (SELECT count(*) FROM waiting) AS open_requests, requests_made.*,
       (SELECT coalesce(sum(reviews), 0)::bigint FROM done) AS reviews, {gini} AS review_gini,
       (SELECT {rounds} FROM (SELECT max(rounds) AS most FROM done GROUP BY repository_id, number) AS of_each)
           AS review_rounds
FROM requests_made
"""
)


def reviewers(asked: People, teams: dict[str, Any], kind: Kind = "user") -> ListQuery:
    """Who was asked for a review or gave one in the window, or is asked now, the most open requests first. Of teams,
    what any member gives counts; `users` and `excluded` mean nothing then. `teams`: from team_arguments.
    """
    query = LISTED.format(**_parts(asked, kind), nothing=sql.SQL(NOTHING))
    return ListQuery(query, sql.SQL("open_requests DESC, person"), _arguments(asked, teams, kind))


async def reviewer_summary(snapshot: Snapshot, asked: People, teams: dict[str, Any], kind: Kind = "user") -> Record:
    """The same of all of them together. Who is listed and has not reviewed counts as 0 in review_gini."""
    query = SUMMARY.format(
        **_parts(asked, kind),
        seconds=statistics("seconds"),
        rounds=statistics("most"),
        gini=gini("SELECT coalesce(reviews, 0) FROM people LEFT JOIN reviewed USING (person)"),
    )
    return await snapshot.one(query, _arguments(asked, teams, kind))


def _parts(asked: People, kind: Kind) -> dict[str, sql.Composable]:
    touched = sql.SQL(ALL if asked.start is None and asked.end is None else TOUCHED)
    chosen = sql.SQL("true" if kind == "team" else CHOSEN)
    return {
        "facts": sql.SQL(FACTS),
        "of": OF_TEAMS if kind == "team" else OF_PEOPLE,
        "moves": sql.SQL(MOVES).format(touched=touched, chosen=chosen),
        "people": PEOPLE,
    }


def _arguments(asked: People, teams: dict[str, Any], kind: Kind) -> dict[str, Any]:
    people = replace(asked, users=None, excluded=()) if kind == "team" else asked
    return {**people.arguments(), **teams, "prefix": ""}
