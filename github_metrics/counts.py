"""Numbers of things, as a person writes them."""


def counted(number: int, one: str, many: str | None = None) -> str:
    """1 event, 2 events; `many` where the plural is not `one` with an s."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
