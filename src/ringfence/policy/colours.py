"""How well colours stand out from each other, so that the bank's own one stays legible.  WCAG 2.2 §1.4.3, §1.4.11."""

from typing import Final

WHITE: Final = "#ffffff"
DARK_CARD: Final = "#1a212c"
"""Ground of the pages in dark mode."""

LEAST_CONTRAST: Final = 4.5
"""WCAG 2.2 §1.4.3: text of normal size."""

_STEPS: Final = 100


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours `#rrggbb`, from 1 to 21."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def on_dark(accent: str) -> str:
    """Return the accent made lighter, until it stands out from the dark ground as text."""
    parts = _parts(accent)
    mixed = accent
    for step in range(_STEPS + 1):
        mixed = "#" + "".join(f"{round(part + (255 - part) * step / _STEPS):02x}" for part in parts)
        if contrast(mixed, DARK_CARD) >= LEAST_CONTRAST + 1.5:
            break
    return mixed


def _luminance(colour: str) -> float:
    """Return the relative luminance.  WCAG 2.2, definitions."""
    red, green, blue = (
        part / 255 / 12.92 if part / 255 <= 0.04045 else ((part / 255 + 0.055) / 1.055) ** 2.4  # noqa: PLR2004 - sRGB
        for part in _parts(colour)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _parts(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
