"""The log, its append function, the checkpoints and the parked events

Revision ID: 0001
Revises:
"""

from alembic.util import CommandError
from sqlalchemy import text

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = (
    "webhooks",
    "duplicate_deliveries",
    "body_dictionaries",
    "replays",
    "replay_ranges",
    "projection_generations",
    "projections",
    "parked_events",
)

CREATE = (
    """
    CREATE TABLE webhooks (
        position BIGINT GENERATED ALWAYS AS IDENTITY (CACHE 1),
        hook_id BIGINT NOT NULL,
        repository_id BIGINT NOT NULL,
        received_at TIMESTAMP WITH TIME ZONE NOT NULL,
        handed_over_at TIMESTAMP WITH TIME ZONE NOT NULL,
        appended_at TIMESTAMP WITH TIME ZONE NOT NULL,
        delivery_id UUID NOT NULL,
        repeat BOOLEAN NOT NULL,
        source TEXT NOT NULL,
        event_type TEXT NOT NULL,
        body_sha256 BYTEA NOT NULL,
        headers JSONB NOT NULL,
        body BYTEA NOT NULL,
        CONSTRAINT webhooks_pkey PRIMARY KEY (position),
        CONSTRAINT webhooks_delivery_id_body_sha256_repository_id_key UNIQUE (delivery_id, body_sha256, repository_id),
        CONSTRAINT webhooks_source_check CHECK (source IN ('webhook', 'reconciled', 'backfill', 'report'))
    )
    """,
    "COMMENT ON TABLE webhooks IS 'The log: every delivery ever received, append-only. Bodies are zstd frames.'",
    """
    CREATE TABLE duplicate_deliveries (
        duplicate_id BIGINT GENERATED ALWAYS AS IDENTITY,
        position BIGINT NOT NULL,
        hook_id BIGINT NOT NULL,
        delivery_id UUID NOT NULL,
        received_at TIMESTAMP WITH TIME ZONE NOT NULL,
        appended_at TIMESTAMP WITH TIME ZONE NOT NULL,
        CONSTRAINT duplicate_deliveries_pkey PRIMARY KEY (duplicate_id)
    )
    """,
    "COMMENT ON TABLE duplicate_deliveries IS 'Deliveries that were in the log already, byte for byte; position is the one that is kept.'",
    """
    CREATE TABLE body_dictionaries (
        dictionary_id BIGINT NOT NULL,
        registered_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
        content_sha256 BYTEA NOT NULL,
        content BYTEA NOT NULL,
        CONSTRAINT body_dictionaries_pkey PRIMARY KEY (dictionary_id)
    )
    """,
    "COMMENT ON TABLE body_dictionaries IS 'The zstd dictionaries that bodies of the log need to be read.'",
    """
    CREATE TABLE replays (
        replay_id BIGINT GENERATED ALWAYS AS IDENTITY,
        purpose TEXT NOT NULL,
        target BIGINT NOT NULL,
        state TEXT NOT NULL,
        message TEXT,
        begun_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
        ended_at TIMESTAMP WITH TIME ZONE,
        CONSTRAINT replays_pkey PRIMARY KEY (replay_id),
        CONSTRAINT replays_purpose_check CHECK (purpose IN ('replay', 'verify')),
        CONSTRAINT replays_state_check CHECK (state IN ('running', 'finished', 'cancelled', 'failed'))
    )
    """,
    "COMMENT ON TABLE replays IS 'Each rebuilding of projections from the log, up to its target position.'",
    """
    CREATE TABLE replay_ranges (
        replay_id BIGINT NOT NULL,
        number INTEGER NOT NULL,
        after BIGINT NOT NULL,
        until BIGINT NOT NULL,
        position BIGINT NOT NULL,
        events BIGINT DEFAULT 0 NOT NULL,
        worker INTEGER,
        updated_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
        CONSTRAINT replay_ranges_pkey PRIMARY KEY (replay_id, number),
        CONSTRAINT replay_ranges_replay_id_fkey FOREIGN KEY(replay_id) REFERENCES replays (replay_id)
    )
    """,
    "COMMENT ON TABLE replay_ranges IS 'The ranges of the log that a replay is built from: (after, until]; position is how far each has come.'",
    """
    CREATE TABLE projection_generations (
        projection TEXT NOT NULL,
        generation INTEGER NOT NULL,
        version INTEGER NOT NULL,
        definition_hash TEXT NOT NULL,
        schema_name TEXT NOT NULL,
        position BIGINT DEFAULT 0 NOT NULL,
        state TEXT NOT NULL,
        halted_reason TEXT,
        replay_id BIGINT,
        created_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
        updated_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
        CONSTRAINT projection_generations_pkey PRIMARY KEY (projection, generation),
        CONSTRAINT projection_generations_schema_name_key UNIQUE (schema_name),
        CONSTRAINT projection_generations_state_check CHECK (state IN ('replaying', 'building', 'held', 'live', 'halted', 'retired')),
        CONSTRAINT projection_generations_replay_id_fkey FOREIGN KEY(replay_id) REFERENCES replays (replay_id)
    )
    """,
    "COMMENT ON TABLE projection_generations IS 'One build of a projection in a schema of its own; position is its checkpoint.'",
    """
    CREATE TABLE projections (
        projection TEXT NOT NULL,
        generation INTEGER NOT NULL,
        CONSTRAINT projections_pkey PRIMARY KEY (projection),
        CONSTRAINT projections_generation_fkey FOREIGN KEY(projection, generation) REFERENCES projection_generations (projection, generation)
    )
    """,
    "COMMENT ON TABLE projections IS 'Which generation of a projection readers see.'",
    """
    CREATE TABLE parked_events (
        projection TEXT NOT NULL,
        generation INTEGER NOT NULL,
        position BIGINT NOT NULL,
        state TEXT DEFAULT 'parked' NOT NULL,
        reason TEXT NOT NULL,
        error TEXT NOT NULL,
        version INTEGER NOT NULL,
        attempts INTEGER DEFAULT 1 NOT NULL,
        parked_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
        attempted_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
        CONSTRAINT parked_events_pkey PRIMARY KEY (projection, generation, position),
        CONSTRAINT parked_events_generation_fkey FOREIGN KEY(projection, generation) REFERENCES projection_generations (projection, generation),
        CONSTRAINT parked_events_state_check CHECK (state IN ('parked', 'resolved', 'ignored'))
    )
    """,
    "COMMENT ON TABLE parked_events IS 'Events that a projection could not apply, with the error.'",
)

APPEND = """
CREATE FUNCTION append_webhooks(
    delivery_ids uuid[], event_types text[], hook_ids bigint[], repository_ids bigint[], sources text[],
    received_ats timestamptz[], handed_over_ats timestamptz[], headers jsonb[], bodies bytea[], hashes bytea[]
) RETURNS TABLE (ordinal bigint, log_position bigint, duplicate boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET lock_timeout = '5s' AS $$
DECLARE
    stamp timestamptz;
BEGIN
    -- Positions are drawn when a row is inserted and seen when it is committed. Held from before the
    -- first until after the last, this lock makes both orders one, so that no reader who remembers the
    -- highest position it saw can ever miss an event.
    PERFORM pg_advisory_xact_lock(7265706c6179);
    SELECT greatest(clock_timestamp(), (SELECT w.appended_at FROM webhooks w ORDER BY w.position DESC LIMIT 1))
      INTO stamp;
    IF cardinality(delivery_ids) = (SELECT count(DISTINCT d) FROM unnest(delivery_ids) AS d)
       AND NOT EXISTS (SELECT FROM webhooks w WHERE w.delivery_id = ANY(delivery_ids)) THEN
        -- Nothing but new deliveries, as nearly always: positions follow the order of the array.
        RETURN QUERY
        WITH appended AS (
            INSERT INTO webhooks AS w (delivery_id, event_type, hook_id, repository_id, source, received_at,
                                       handed_over_at, appended_at, repeat, headers, body, body_sha256)
            SELECT i.delivery_id, i.event_type, i.hook_id, i.repository_id, i.source, i.received_at,
                   i.handed_over_at, stamp, false, i.headers, i.body, i.body_sha256
            FROM unnest(delivery_ids, event_types, hook_ids, repository_ids, sources, received_ats, handed_over_ats,
                        headers, bodies, hashes) WITH ORDINALITY
                 AS i(delivery_id, event_type, hook_id, repository_id, source, received_at, handed_over_at,
                      headers, body, body_sha256, ordinal)
            ORDER BY i.ordinal
            RETURNING w.position
        )
        SELECT row_number() OVER (ORDER BY a.position), a.position, false FROM appended a;
        PERFORM pg_notify('webhooks', '');
        RETURN;
    END IF;
    RETURN QUERY
    WITH incoming AS (
        SELECT i.*, row_number() OVER same_body AS copy, row_number() OVER same_id AS occurrence
        FROM unnest(delivery_ids, event_types, hook_ids, repository_ids, sources, received_ats, handed_over_ats,
                    headers, bodies, hashes) WITH ORDINALITY
             AS i(delivery_id, event_type, hook_id, repository_id, source, received_at, handed_over_at,
                  headers, body, body_sha256, ordinal)
        WINDOW same_body AS (PARTITION BY i.delivery_id, i.body_sha256, i.repository_id ORDER BY i.ordinal),
               same_id AS (PARTITION BY i.delivery_id ORDER BY i.ordinal)
    ), appended AS (
        INSERT INTO webhooks AS w (delivery_id, event_type, hook_id, repository_id, source, received_at,
                                   handed_over_at, appended_at, repeat, headers, body, body_sha256)
        SELECT i.delivery_id, i.event_type, i.hook_id, i.repository_id, i.source, i.received_at,
               i.handed_over_at, stamp,
               i.occurrence > 1 OR EXISTS (SELECT FROM webhooks e WHERE e.delivery_id = i.delivery_id),
               i.headers, i.body, i.body_sha256
        FROM incoming i WHERE i.copy = 1 ORDER BY i.ordinal
        ON CONFLICT DO NOTHING
        RETURNING w.position, w.delivery_id, w.body_sha256, w.repository_id
    ), placed AS (
        SELECT i.ordinal, i.delivery_id, i.hook_id, i.received_at, a.position IS NULL OR i.copy > 1 AS duplicate,
               coalesce(a.position, (SELECT e.position FROM webhooks e WHERE e.delivery_id = i.delivery_id
                                     AND e.body_sha256 = i.body_sha256 AND e.repository_id = i.repository_id)) AS place
        FROM incoming i LEFT JOIN appended a USING (delivery_id, body_sha256, repository_id)
    ), recorded AS (
        INSERT INTO duplicate_deliveries (position, hook_id, delivery_id, received_at, appended_at)
        SELECT p.place, p.hook_id, p.delivery_id, p.received_at, stamp FROM placed p WHERE p.duplicate ORDER BY p.ordinal
    )
    SELECT p.ordinal, p.place, p.duplicate FROM placed p ORDER BY p.ordinal;
    PERFORM pg_notify('webhooks', '');
END
$$
""".replace("7265706c6179", str(int.from_bytes(b"replay", "big")))

REFUSE = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation';
END
$$
"""

APPEND_ONLY = ("webhooks", "duplicate_deliveries", "body_dictionaries")


def upgrade() -> None:
    for statement in CREATE:
        op.execute(statement)
    # Bodies are compressed before they come: the server must not try again.
    op.execute("ALTER TABLE webhooks ALTER COLUMN body SET STORAGE EXTERNAL")
    op.execute("ALTER TABLE body_dictionaries ALTER COLUMN content SET STORAGE EXTERNAL")
    # A log is only ever added to: full pages, and vacuum only to freeze and to keep the visibility map.
    op.execute("ALTER TABLE webhooks SET (fillfactor = 100, autovacuum_vacuum_insert_scale_factor = 0.05)")
    op.execute(REFUSE)
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
        op.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER append_only")
    op.create_index("parked_events_position_idx", "parked_events", ["position"])
    op.execute(APPEND)


def downgrade() -> None:
    held = op.get_bind().execute(text("SELECT EXISTS (SELECT FROM webhooks)")).scalar()
    if held:
        message = "the log (table webhooks) is not empty: this downgrade would drop it, so it is refused"
        raise CommandError(message)
    op.execute("DROP FUNCTION append_webhooks")
    for table in reversed(TABLES):
        op.drop_table(table)
    op.execute("DROP FUNCTION refuse_change")
