"""What people write: dull on purpose, long enough to weigh what real payloads weigh."""

from random import Random

VERBS = ("Add", "Fix", "Remove", "Rework", "Speed up", "Document", "Retry", "Guard", "Split", "Simplify")
THINGS = (
    "the invoice export",
    "retries of the carrier webhook",
    "the tariff cache",
    "pagination of shipments",
    "the nightly import",
    "time zones in the schedule",
    "the audit trail",
    "the login redirect",
    "index compaction",
    "the rate limiter",
    "dark mode in the console",
    "the port of loading",
    "idempotency keys",
    "the settlement report",
    "back-pressure on ingest",
)
REASONS = (
    "It failed for shipments that cross midnight.",
    "Two customers saw stale figures.",
    "The old code read the whole table.",
    "Nobody could tell which carrier was meant.",
    "The test depended on the order of a dictionary.",
    "Measured on a copy of production: four times faster.",
    "This is the first half; the second follows.",
    "No change in behaviour is meant.",
    "See the discussion in the linked issue.",
    "It is behind a flag for now.",
)
REMARKS = (
    "Could this be a constant?",
    "I would expect a test for the empty case.",
    "Nice.",
    "This name surprises me.",
    "What happens when the list is longer than a page?",
    "Is the lock still needed here?",
    "nit: one blank line too many",
    "Please keep the old behaviour for clients before 3.2.",
    "Good catch, thank you.",
    "Done in the last commit.",
)
PATHS = ("src/main.py", "src/export/invoice.py", "lib/retry.ts", "app/console/table.tsx", "core/ledger.kt", "README.md")

HUNKS = (
    "@@ -18,6 +18,9 @@ def export(shipment):\n     rows = read(shipment)\n+    if not rows:\n+        return None",
    "@@ -1 +1 @@\n-retries = 3\n+retries = settings.retries",
    "@@ -77,3 +77,3 @@ class Ledger\n-    val cutoff = now()\n+    val cutoff = clock.now()",
)


def title(random: Random) -> str:
    """Of a pull request, a commit or an issue."""
    return f"{random.choice(VERBS)} {random.choice(THINGS)}"


def paragraph(random: Random, sentences: int = 4) -> str:
    """A description."""
    return " ".join(random.choices(REASONS, k=sentences))


def remark(random: Random) -> str:
    """A comment."""
    return random.choice(REMARKS)


def branch(title: str, number: int) -> str:
    """A branch named after its purpose."""
    return f"{'-'.join(title.lower().split()[:4])}-{number}"
