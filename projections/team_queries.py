"""Which teams people and pull requests are of, in SQL: the teams file joined when numbers are read."""

from collections.abc import Iterable
from typing import Any, LiteralString, NamedTuple

from psycopg import sql

from projections.teams import Teams, fold
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
MEMBERS: LiteralString = """
    team_members AS MATERIALIZED (
        SELECT scope, person, array_agg(team ORDER BY place) AS teams
        FROM unnest(%(team_scopes)s::bigint[], %(team_people)s::text[], %(team_keys)s::text[])
             WITH ORDINALITY AS member(scope, person, team, place)
        GROUP BY scope, person
    )
"""
"""`team_members`: the teams of each person, in the order of the file."""
TEAMS = sql.SQL("""{members},
    pull_teams AS NOT MATERIALIZED (
        SELECT p.repository_id, p.number, named.label, p.scope,
               CASE WHEN named.label IS NULL THEN author.teams
                    ELSE ARRAY[lower(substr(named.label, length(%(team_prefix)s) + 1))] END AS teams
        FROM (SELECT *, {scope} AS scope FROM pulls) AS p
        LEFT JOIN LATERAL (
            SELECT told.label FROM unnest(p.labels) WITH ORDINALITY AS told(label, place)
            WHERE %(team_prefix)s <> '' AND starts_with(lower(told.label), lower(%(team_prefix)s))
            AND length(told.label) > length(%(team_prefix)s)
            ORDER BY place LIMIT 1
        ) AS named ON true
        LEFT JOIN team_members author ON author.person = p.person AND author.scope = p.scope
    )
""").format(members=sql.SQL(MEMBERS), scope=sql.SQL(SCOPE))
"""Also `pull_teams`: the teams of each of `pulls` (of people.FACTS): the first label that names one, else the author's;
null where neither is known. `scope`: where to look for the teams of other people.
"""


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
    """What TEAMS needs. The snapshot has to read NAMES."""
    known = await repositories_by_name(snapshot, [team.repository for team in teams.teams if team.repository])
    scopes = [
        ([EVERYWHERE] if team.repository is None else [one.repository_id for one in known[team.repository]], team)
        for team in teams.teams
    ]
    members = [
        (scope, fold(login), teams.key(team.name))
        for where, team in scopes
        for scope in where
        for login in team.members
    ]
    return {
        "team_scopes": [scope for scope, _, _ in members],
        "team_people": [person for _, person, _ in members],
        "team_keys": [key for _, _, key in members],
        "team_repositories": sorted({scope for where, _ in scopes for scope in where} - {EVERYWHERE}),
        "team_prefix": teams.label_prefix,
    }
