"""Labels that say `verified` as a word of its own, such as verified-by-qa, and not the contrary, as unverified and
not-verified do.
"""

import re
from typing import LiteralString

SAYS: LiteralString = "(^|[^a-z])verified([^a-z]|$)"
DENIES: LiteralString = "(^|[^a-z])(no|non|not|un)[^a-z]+verified([^a-z]|$)"
"""Of a label in lower case; Python and PostgreSQL read both alike."""

VERIFIED: LiteralString = f"""
    CASE WHEN strpos(lower(label), 'verified') > 0
         THEN lower(label) ~ '{SAYS}' AND lower(label) !~ '{DENIES}' ELSE false END
"""
"""SQL of says_verified, of a column `label`."""


def says_verified(label: str) -> bool:
    """Whether it does."""
    folded = label.lower()
    return re.search(SAYS, folded) is not None and re.search(DENIES, folded) is None
