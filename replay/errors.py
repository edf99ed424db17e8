"""Every error that this project raises on purpose.

    MetricsError
    ├── SettingsError        settings            a setting is missing, malformed or contradicts another
    │   └── TeamsFault       teams_file          the teams file cannot be read; what was read before stands
    ├── DatabaseError        database            the database cannot be used
    │   ├── DatabaseTooOld   database_too_old    older than PostgreSQL 16
    │   └── DatabaseAway     database_away       it does not answer in time
    ├── StartError           start               the service cannot start
    │   ├── AlreadyRunning   already_running     another one runs on the same data directory
    │   └── PortInUse        port_in_use         the address to listen on is taken
    ├── LogError             log                 the log cannot be read or appended to
    │   ├── UnknownDictionary  unknown_dictionary  a body was compressed with a dictionary that is not registered
    │   └── ArchiveError     archive             an archive of the log cannot be written or read
    ├── ProjectionError      projection          a projection is declared wrongly
    ├── ProjectionsBehind    projections_behind  readers must wait: a projection has not come so far yet
    ├── GenerationFault      generation_fault    a generation cannot go on, whatever the event
    ├── ReplayError          replay              a replay cannot be begun or finished; the live tables are untouched
    │   └── UnknownProjection  unknown_projection  somebody names a projection that there is not
    ├── ProjectorFenced      projector_fenced    another projector advanced a checkpoint first
    └── RequestError         bad_request         a request that can never succeed (the service maps it to 4xx)

`reason` is what logs, metrics and problem+json carry; it never changes once released.
"""


class MetricsError(Exception):
    """The root; `reason` is the machine-readable name."""

    reason = "internal"


class SettingsError(MetricsError):
    """A setting is missing, malformed or contradicts another."""

    reason = "settings"


class TeamsFault(SettingsError):
    """The teams file cannot be read. What was read before stands."""

    reason = "teams_file"


class DatabaseError(MetricsError):
    """The database cannot be used."""

    reason = "database"


class DatabaseTooOld(DatabaseError):
    """The server is older than PostgreSQL 16."""

    reason = "database_too_old"


class DatabaseAway(DatabaseError):
    """The database does not answer in time."""

    reason = "database_away"


class StartError(MetricsError):
    """The service cannot start."""

    reason = "start"


class AlreadyRunning(StartError):
    """Another service runs on the same data directory."""

    reason = "already_running"


class PortInUse(StartError):
    """The address to listen on is taken."""

    reason = "port_in_use"


class LogError(MetricsError):
    """The log cannot be read or appended to."""

    reason = "log"


class UnknownDictionary(LogError):
    """A body was compressed with a dictionary that is not registered in the database."""

    reason = "unknown_dictionary"


class ArchiveError(LogError):
    """An archive of the log cannot be written or read."""

    reason = "archive"


class ProjectionError(MetricsError):
    """A projection is declared wrongly."""

    reason = "projection"


class ProjectionsBehind(MetricsError):
    """A projection has not come as far as a reader needs: try again."""

    reason = "projections_behind"


class GenerationFault(MetricsError):
    """A generation of a projection cannot go on, whatever the event: its table is gone, or it parks too much."""

    reason = "generation_fault"


class ReplayError(MetricsError):
    """A replay cannot be begun or finished. The live tables are untouched."""

    reason = "replay"


class UnknownProjection(ReplayError):
    """Somebody names a projection that there is not."""

    reason = "unknown_projection"


class ProjectorFenced(MetricsError):
    """Another projector advanced a checkpoint first: stand down, nothing was written."""

    reason = "projector_fenced"


class RequestError(MetricsError):
    """A request that can never succeed; `status` is the HTTP status it maps to."""

    reason = "bad_request"
    status = 400
