"""What a bank sets of the look of the pages."""

from typing import Annotated

import msgspec
from msgspec import Meta


class Pages(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The look of the pages that customers see."""

    accent: Annotated[
        str,
        Meta(
            pattern="^#[0-9a-f]{6}$",
            description="Colour of buttons and links, `#rrggbb` in lower case: white text on it must have a contrast of 4.5 (WCAG 2.2 §1.4.3). Dark mode has a lighter one made from it.",
        ),
    ] = "#0b57b8"
