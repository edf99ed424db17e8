"""Logging: one way for our records and those of libraries, JSON or for people, on stderr.

A traceback names files and lines, never the values of variables: keys, cookies and bodies stand in them.
"""

import logging
import logging.config
import sys

import structlog
from structlog.tracebacks import ExceptionDictTransformer
from structlog.typing import Processor

from github_metrics.settings import Settings

_QUIET = ("alembic", "httpx2", "httpcore2", "mcp", "fastmcp", "asyncio")
"""Libraries whose notes matter only when something is wrong."""

_FRAMES = 20
"""Of each exception of a chain, the outermost and the innermost ones: middleware fills those between."""


def configure_logs(settings: Settings) -> None:
    """Set this process's logging up; every process of the service calls it once."""
    as_json = settings.log_format == "json" or (settings.log_format == "auto" and not sys.stderr.isatty())
    level = settings.log_level.upper()
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(allow=()),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    stream = logging.StreamHandler(sys.stderr)
    stream.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=_rendering(as_json)))
    logging.basicConfig(handlers=[stream], level=level, force=True)
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLevelName(level)))
    logging.captureWarnings(True)


def _rendering(as_json: bool) -> list[Processor]:
    remove = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    if as_json:
        told = ExceptionDictTransformer(show_locals=False, max_frames=_FRAMES)
        return [remove, structlog.processors.ExceptionRenderer(told), structlog.processors.JSONRenderer()]
    plain = structlog.dev.plain_traceback
    return [remove, structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain)]
