"""A value that must not be shown: redacted when printed, compared in constant time."""

import hmac
from typing import Final


class Secret:
    """Hold a secret text; `repr`, `str` and formatting give `<secret>`, never the value."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        """Wrap `value`."""
        self._value: Final = value

    def reveal(self) -> str:
        """Return the text itself, for the one place that has to use it."""
        return self._value

    def matches(self, presented: str) -> bool:
        """Say whether `presented` is the secret, in time that does not depend on where they differ."""
        return hmac.compare_digest(self._value.encode(), presented.encode("utf-8", "surrogatepass"))

    def __repr__(self) -> str:
        """Return a fixed text."""
        return "<secret>"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        """Return a fixed text, whatever the format."""
        return "<secret>"

    def __reduce__(self) -> str:
        """Refuse to be pickled: a secret does not travel by accident."""
        raise TypeError("a Secret cannot be pickled")
