"""Load from wrk (Debian's package), which is never the bottleneck: signed deliveries, each under an id of its own."""

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from github_metrics.simulator.delivery import Delivery

SCRIPT = """
local requests, count, thread_number = {}, 0, 0
function setup(thread) thread:set("number", thread_number); thread_number = thread_number + 1 end
function init(args)
  for line in io.lines(args[1]) do
    local kind, signature, path = line:match("(%S+) (%S+) (%S+)")
    local file = io.open(path, "rb")
    table.insert(requests, {kind, signature, file:read("*a")})
    file:close()
  end
  run = tonumber(args[2])
end
function request()
  count = count + 1
  local one = requests[count % #requests + 1]
  local id = string.format("%08x-%04x-4000-8000-%012x", count, run, number)
  return "POST /metrics HTTP/1.1\\r\\nHost: x\\r\\nContent-Type: application/json\\r\\nX-GitHub-Event: " .. one[1] ..
    "\\r\\nX-GitHub-Hook-ID: 7\\r\\nUser-Agent: GitHub-Hookshot/bench\\r\\nX-Hub-Signature-256: " .. one[2] ..
    "\\r\\nX-GitHub-Delivery: " .. id .. "\\r\\nContent-Length: " .. #one[3] .. "\\r\\n\\r\\n" .. one[3]
end
function done(summary, latency, requests)
  local errors = summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.status
  errors = errors + summary.errors.timeout
  io.write(string.format('RESULT {"requests": %d, "microseconds": %d, "errors": %d, "p50": %d, "p99": %d}\\n',
    summary.requests, summary.duration, errors, latency:percentile(50), latency:percentile(99)))
end
"""


@dataclass(frozen=True)
class Load:
    """What wrk saw. Times in milliseconds."""

    requests: int
    per_second: float
    errors: int
    p50: float
    p99: float


class Loader:
    """Deliveries written out once, to be posted any number of times."""

    def __init__(self, deliveries: Sequence[Delivery], secret: str) -> None:
        if shutil.which("wrk") is None:
            sys.exit("wrk is needed: apt-get install wrk")
        self.first = deliveries[0]
        self.first_headers = self.first.headers(secret)
        self._runs = 0
        self._directory = tempfile.TemporaryDirectory()
        folder = Path(self._directory.name)
        lines = []
        for number, delivery in enumerate(deliveries):
            path = folder / f"{number}.json"
            path.write_bytes(delivery.body)
            lines.append(f"{delivery.event_type} {delivery.headers(secret)['X-Hub-Signature-256']} {path}")
        self._index = folder / "index"
        self._index.write_text("\n".join(lines) + "\n")
        self._script = folder / "post.lua"
        self._script.write_text(SCRIPT)

    def run(self, url: str, *, connections: int, seconds: int) -> Load:
        """Post for so many seconds over so many connections."""
        self._runs += 1
        command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s", "-s", str(self._script)]
        done = subprocess.run(
            [*command, url, "--", str(self._index), str(self._runs)], capture_output=True, text=True, check=True
        )
        line = next(line for line in done.stdout.splitlines() if line.startswith("RESULT "))
        seen = json.loads(line.removeprefix("RESULT "))
        rate = seen["requests"] / (seen["microseconds"] / 1e6)
        return Load(seen["requests"], rate, seen["errors"], seen["p50"] / 1000, seen["p99"] / 1000)
