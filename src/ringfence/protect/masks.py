"""Show the ends of a value and nothing of its middle.  PCI DSS §3.4.1."""

from typing import Final

MARK: Final = "*"

HIDDEN: Final = 4
"""Characters that are hidden at least."""


def masked(value: str, first: int, last: int) -> str:
    """Return a value with all but its ends replaced; one that is hardly longer than these is replaced whole.

    Args:
        value: anything.
        first: characters that stay at the beginning.
        last: characters that stay at the end.
    """
    if len(value) < first + last + HIDDEN:
        return MARK * len(value)
    return value[:first] + MARK * (len(value) - first - last) + value[len(value) - last :]
