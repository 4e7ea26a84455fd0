"""What became known of protected fields."""

import msgspec

from ringfence.clock import Instant


class FieldsRevealed(msgspec.Struct, frozen=True, tag="field.revealed.v1", tag_field="event", gc=False):
    """Tokens of a field were turned back into what they stand for, in one call. No value, no token."""

    at: Instant
    correlation: str
    operation: str
    resource: str
    field: str
    count: int
    """Places in the document."""
    to: str
    """`upstream` or `caller`."""
    client: str = ""
    user: str = ""
    grant: str = ""
