"""Train the zstd dictionary that the package ships, on GitHub's example payloads.

    uv run python -m benchmarks.train_dictionary

Writes github_metrics/dictionaries/github-1.zdict. A dictionary that was ever used is never changed: a better one
gets the next number.
"""

import json
from pathlib import Path

from replay.compression import train

EXAMPLES = Path("tests/payloads/api.github.com/index.json")
TARGET = Path("github_metrics/dictionaries/github-1.zdict")


def main() -> None:
    events = json.loads(EXAMPLES.read_bytes())
    samples = [
        json.dumps(example, separators=(",", ":"), ensure_ascii=False).encode()
        for event in events
        for example in event["examples"]
    ]
    TARGET.write_bytes(train(samples))
    print(f"{TARGET}: {TARGET.stat().st_size} bytes from {len(samples)} payloads")


if __name__ == "__main__":
    main()
