"""What a client accepts, and how gladly (RFC 9110, 12.4.2)."""

import re

WEIGHT = re.compile(r"0(\.\d{0,3})?|1(\.0{0,3})?")


def weights(header: str) -> dict[str, float]:
    """The weight of each media type or coding that a header names; 1 where it has none that can be read."""
    return dict(map(_weighed, header.split(",")))


def _weighed(part: str) -> tuple[str, float]:
    name, *parameters = (one.strip().lower() for one in part.split(";"))
    given = [one.removeprefix("q=") for one in parameters if one.startswith("q=")]
    return name, float(given[0]) if given and WEIGHT.fullmatch(given[0]) else 1.0
