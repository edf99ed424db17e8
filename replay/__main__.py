"""`python -m replay` is the command `github-metrics replay`: which projections there are, only the service knows."""

import sys
from importlib.metadata import entry_points

if __name__ == "__main__":
    (command,) = entry_points(group="console_scripts", name="github-metrics")
    sys.argv[1:1] = ["replay"]
    command.load()()
