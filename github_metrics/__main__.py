"""The command. Each process that it starts imports this module again, so it imports nothing until it runs."""

import sys
from typing import NoReturn

INTERRUPTED = 130
"""The exit code of a command that Ctrl-C ends while it starts, or which has nothing to say about how it was stopped."""


def main() -> None:
    """Run the command line."""
    try:
        from github_metrics.commands.cli import main as run  # Ctrl-C may come while it loads

        run()
    except KeyboardInterrupt:
        _interrupted()
    except SystemExit as ended:  # typer makes one of Ctrl-C, and says nothing
        if ended.code != INTERRUPTED:
            raise
        _interrupted()


def _interrupted() -> NoReturn:
    sys.stderr.write("github-metrics: interrupted\n")
    raise SystemExit(INTERRUPTED) from None


if __name__ == "__main__":
    main()
