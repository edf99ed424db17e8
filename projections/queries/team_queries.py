"""Which teams people and pull requests are of, in SQL: the teams file joined when numbers are read."""

from collections.abc import Iterable
from itertools import product
from typing import Any, LiteralString, NamedTuple

from psycopg import sql
from psycopg.types.json import Jsonb

from projections.queries.teams import Teams, fold
from replay.snapshot import Snapshot

EVERYWHERE = 0
"""Stands for all repositories that have no teams of their own; no repository has this id."""

SCOPE: LiteralString = """
    CASE WHEN repository_id = ANY(%(team_repositories)s::bigint[]) THEN repository_id ELSE 0 END"""
"""Where to look for the teams that people have in a repository: under its id, or under EVERYWHERE."""

NAMES = ("repositories", "repository_names")
NAMED = """
WITH asked AS (SELECT name, lower(name) AS folded FROM unnest(%(names)s::text[]) AS name),
     now AS (SELECT asked.folded, repository_id FROM repositories JOIN asked ON lower(full_name) = folded)
SELECT asked.name, found.repository_id, present.full_name
FROM asked LEFT JOIN now USING (folded)
LEFT JOIN repository_names once ON now.folded IS NULL AND lower(once.full_name) = asked.folded
CROSS JOIN LATERAL (SELECT coalesce(now.repository_id, once.repository_id) AS repository_id) AS found
JOIN repositories present ON present.repository_id = found.repository_id
GROUP BY 1, 2, 3 ORDER BY 1, 2
"""
TEAM_REVIEWS = sql.SQL("""
    team_reviews AS NOT MATERIALIZED (
        SELECT v.*, named.label, sides.*, NOT (sides.reviewer_teams ?| sides.pr_teams) AS cross_team
        FROM (
            SELECT *, {scope} AS scope FROM reviews
            WHERE at >= %(start)s::timestamptz AND at < %(end)s::timestamptz
        ) AS v
        LEFT JOIN LATERAL (
            SELECT told.label FROM unnest(v.labels) WITH ORDINALITY AS told(label, place)
            WHERE %(team_prefix)s <> '' AND starts_with(lower(told.label), lower(%(team_prefix)s))
            AND length(told.label) > length(%(team_prefix)s)
            ORDER BY place LIMIT 1
        ) AS named ON true
        CROSS JOIN LATERAL (
            SELECT {of_reviewer} AS reviewer_teams,
                   CASE WHEN named.label IS NOT NULL
                        THEN ARRAY[lower(substr(named.label, length(%(team_prefix)s) + 1))]
                        ELSE (SELECT array_agg(team) FROM jsonb_array_elements_text({of_author}) AS team)
                   END AS pr_teams
            OFFSET 0
        ) AS sides
    )
""")
"""The reviews of the window (of people.FACTS) with the teams of both sides, null where none is known. The pull
request's: the first label that names one, else the author's. `cross_team` is null where either is not known. OFFSET 0:
they are worked out once.
"""


def teams_of(person: LiteralString) -> LiteralString:
    """SQL of the keys of a person's teams in `scope`, in the order of the file: an array of JSON, or null. A look-up
    in one value, since nothing tells PostgreSQL how few rows a list of members would have for it.
    """
    return f"(%(team_members)s::jsonb -> (scope || '/' || {person}))"


def team_reviews() -> sql.Composed:
    """The expression TEAM_REVIEWS, for arguments from team_arguments."""
    return TEAM_REVIEWS.format(
        scope=sql.SQL(SCOPE), of_reviewer=sql.SQL(teams_of("v.person")), of_author=sql.SQL(teams_of("v.author"))
    )


def team_key(name: LiteralString) -> LiteralString:
    """SQL of Teams.key."""
    return f"""CASE WHEN starts_with(lower({name}), lower(%(team_prefix)s)) AND length({name}) > length(%(team_prefix)s)
        THEN lower(substr({name}, length(%(team_prefix)s) + 1)) ELSE lower({name}) END"""


class Named(NamedTuple):
    """A repository, and what it is called now."""

    repository_id: int
    full_name: str


async def repositories_by_name(snapshot: Snapshot, names: Iterable[str]) -> dict[str, list[Named]]:
    """The repositories that each name means, as in `webhook_queries.repository_ids`: none for one never seen. The
    snapshot has to read NAMES.
    """
    found: dict[str, list[Named]] = {name: [] for name in names}
    if found:
        for row in await snapshot.rows(NAMED, {"names": list(found)}):
            found[row["name"]].append(Named(row["repository_id"], row["full_name"]))
    return found


async def team_arguments(snapshot: Snapshot, teams: Teams) -> dict[str, Any]:
    """What these expressions need. The snapshot has to read NAMES."""
    known = await repositories_by_name(snapshot, [team.repository for team in teams.teams if team.repository])
    scopes = [
        ([EVERYWHERE] if team.repository is None else [one.repository_id for one in known[team.repository]], team)
        for team in teams.teams
    ]
    members: dict[str, list[str]] = {}
    for where, team in scopes:
        for scope, login in product(where, team.members):
            members.setdefault(f"{scope}/{fold(login)}", []).append(teams.key(team.name))
    return {
        "team_members": Jsonb(members),
        "team_repositories": sorted({scope for where, _ in scopes for scope in where} - {EVERYWHERE}),
        "team_prefix": teams.label_prefix,
    }
