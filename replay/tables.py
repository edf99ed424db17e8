"""The tables that are precious: the log, the dictionaries of its bodies, the generations of the
projections with their checkpoints, and the parked events. Migrations in alembic/ create them.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP, UUID

NAMING = {
    "pk": "%(table_name)s_pkey",
    "uq": "%(table_name)s_%(column_0_N_name)s_key",
    "fk": "%(table_name)s_%(column_0_name)s_fkey",
    "ix": "%(table_name)s_%(column_0_N_name)s_idx",
    "ck": "%(table_name)s_%(constraint_name)s_check",
}
metadata = MetaData(naming_convention=NAMING)

Time = TIMESTAMP(timezone=True)

webhooks = Table(
    "webhooks",
    metadata,
    Column("position", BigInteger, Identity(always=True, cache=1), primary_key=True),
    Column("hook_id", BigInteger, nullable=False),
    Column("repository_id", BigInteger, nullable=False),
    Column("received_at", Time, nullable=False),
    Column("handed_over_at", Time, nullable=False),
    Column("appended_at", Time, nullable=False),
    Column("delivery_id", UUID, nullable=False),
    Column("repeat", Boolean, nullable=False),
    Column("source", Text, nullable=False),
    Column("event_type", Text, nullable=False),
    Column("body_sha256", LargeBinary, nullable=False),
    Column("headers", JSONB, nullable=False),
    Column("body", LargeBinary, nullable=False),
    UniqueConstraint("delivery_id", "body_sha256", "repository_id"),
    CheckConstraint("source IN ('webhook', 'reconciled', 'backfill', 'report')", name="source"),
    comment="The log: every delivery ever received, append-only. Bodies are zstd frames.",
)

duplicate_deliveries = Table(
    "duplicate_deliveries",
    metadata,
    Column("duplicate_id", BigInteger, Identity(always=True), primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("hook_id", BigInteger, nullable=False),
    Column("delivery_id", UUID, nullable=False),
    Column("received_at", Time, nullable=False),
    Column("appended_at", Time, nullable=False),
    comment="Deliveries that were in the log already, byte for byte; position is the one that is kept.",
)

body_dictionaries = Table(
    "body_dictionaries",
    metadata,
    Column("dictionary_id", BigInteger, primary_key=True, autoincrement=False),
    Column("registered_at", Time, nullable=False, server_default=func.clock_timestamp()),
    Column("content_sha256", LargeBinary, nullable=False),
    Column("content", LargeBinary, nullable=False),
    comment="The zstd dictionaries that bodies of the log need to be read.",
)

projection_generations = Table(
    "projection_generations",
    metadata,
    Column("projection", Text, primary_key=True),
    Column("generation", Integer, primary_key=True, autoincrement=False),
    Column("version", Integer, nullable=False),
    Column("definition_hash", Text, nullable=False),
    Column("schema_name", Text, nullable=False),
    Column("position", BigInteger, nullable=False, server_default=text("0")),
    Column("state", Text, nullable=False),
    Column("halted_reason", Text),
    Column("replay_id", BigInteger, ForeignKey("replays.replay_id")),
    Column("created_at", Time, nullable=False, server_default=func.clock_timestamp()),
    Column("updated_at", Time, nullable=False, server_default=func.clock_timestamp()),
    UniqueConstraint("schema_name"),
    CheckConstraint("state IN ('replaying', 'building', 'held', 'live', 'halted', 'retired')", name="state"),
    comment="One build of a projection in a schema of its own; position is its checkpoint.",
)

replays = Table(
    "replays",
    metadata,
    Column("replay_id", BigInteger, Identity(always=True), primary_key=True),
    Column("purpose", Text, nullable=False),
    Column("target", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("message", Text),
    Column("begun_at", Time, nullable=False, server_default=func.clock_timestamp()),
    Column("ended_at", Time),
    Column("phase", Text, nullable=False, server_default="events"),
    Column("phase_done", BigInteger, nullable=False, server_default=text("0")),
    Column("phase_total", BigInteger, nullable=False, server_default=text("0")),
    CheckConstraint("purpose IN ('replay', 'verify')", name="purpose"),
    CheckConstraint("state IN ('running', 'finished', 'cancelled', 'failed')", name="state"),
    comment="Each rebuilding of projections from the log, up to its target position.",
)

replay_ranges = Table(
    "replay_ranges",
    metadata,
    Column("replay_id", BigInteger, ForeignKey("replays.replay_id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("after", BigInteger, nullable=False),
    Column("until", BigInteger, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("events", BigInteger, nullable=False, server_default=text("0")),
    Column("worker", Integer),
    Column("updated_at", Time, nullable=False, server_default=func.clock_timestamp()),
    comment="The ranges of the log that a replay is built from: (after, until]; position is how far each has come.",
)

projections = Table(
    "projections",
    metadata,
    Column("projection", Text, primary_key=True),
    Column("generation", Integer, nullable=False),
    ForeignKeyConstraint(
        ["projection", "generation"],
        ["projection_generations.projection", "projection_generations.generation"],
        name="projections_generation_fkey",
    ),
    comment="Which generation of a projection readers see.",
)

parked_events = Table(
    "parked_events",
    metadata,
    Column("projection", Text, primary_key=True),
    Column("generation", Integer, primary_key=True, autoincrement=False),
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("state", Text, nullable=False, server_default=text("'parked'")),
    Column("reason", Text, nullable=False),
    Column("error", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("attempts", Integer, nullable=False, server_default=text("1")),
    Column("parked_at", Time, nullable=False, server_default=func.clock_timestamp()),
    Column("attempted_at", Time, nullable=False, server_default=func.clock_timestamp()),
    ForeignKeyConstraint(
        ["projection", "generation"],
        ["projection_generations.projection", "projection_generations.generation"],
        name="parked_events_generation_fkey",
    ),
    CheckConstraint("state IN ('parked', 'resolved', 'ignored')", name="state"),
    Index(None, "position"),
    comment="Events that a projection could not apply, with the error.",
)
