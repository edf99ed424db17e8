"""How the processes of the service are stopped."""

import multiprocessing
import signal
import sys
import time
from multiprocessing.synchronize import Event

from github_metrics.processes.supervisor import Child, _stop

BUSY_SECONDS = 3.5


def finish_what_is_at_hand(began: Event) -> None:
    """As a projector on a busy machine, whose batch takes a while."""

    def stop(_signum: int, _frame: object) -> None:
        time.sleep(BUSY_SECONDS)
        sys.exit(0)

    signal.signal(signal.SIGTERM, stop)
    began.set()
    time.sleep(60)


def test_who_needs_seconds_to_stop_is_not_killed() -> None:
    began = multiprocessing.get_context("spawn").Event()
    child = Child("busy", finish_what_is_at_hand, [began])
    child.start()
    assert began.wait(30)
    _stop([child])
    assert child.process is not None
    assert child.process.exitcode == 0
