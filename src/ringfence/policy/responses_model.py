"""What the policy says about answers that the document does not describe: a part of `policy.model`, whose form it has."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Treatment = Literal["strip", "refuse", "report", "pass"]


class Responses(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What happens to an answer that differs from the document: `refuse` answers 502, `report` says so in the event."""

    undeclared_status: Annotated[
        Treatment,
        Meta(
            description="An answer whose status, or whose media type for its status, the document does not declare. `strip` takes its body away."
        ),
    ] = "report"
    undeclared_member: Annotated[
        Treatment,
        Meta(
            description="Members of a JSON answer that its schema does not declare, or declares `writeOnly`. `strip` takes them away."
        ),
    ] = "strip"
    wrong_type: Annotated[
        Treatment,
        Meta(
            description="Values that do not fit their schema. `strip` takes them away, and refuses what does not fit then."
        ),
    ] = "report"
    max_bytes: Annotated[
        int,
        Meta(
            ge=1024,
            le=67_108_864,
            description="Longest JSON answer that is looked at. A longer one is refused where something is to be stripped or refused.",
        ),
    ] = 1_048_576

    @property
    def looks(self) -> bool:
        """Whether answers are looked at at all."""
        return not self.undeclared_status == self.undeclared_member == self.wrong_type == "pass"

    @property
    def guards(self) -> bool:
        """Whether an answer that cannot be looked at must not pass."""
        return any(t in {"strip", "refuse"} for t in (self.undeclared_member, self.wrong_type))
