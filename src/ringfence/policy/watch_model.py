"""What a policy says about detection; its field descriptions are part of the manual page."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from ringfence.policy.anomaly_model import Anomalies


class Watch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Detection over the stream of events."""

    rules: Annotated[
        str,
        Meta(
            description="Directory with rules of your own, `*.yaml`; one with the id of a shipped rule takes its place. Empty: ours alone."
        ),
    ] = ""
    modes: Annotated[
        dict[str, Literal["off", "shadow", "alert", "enforce"]],
        Meta(
            description="By rule id, in place of the rule's own mode: `off` leaves it out, `enforce` carries out its responses."
        ),
    ] = msgspec.field(default_factory=dict)
    most_groups: Annotated[
        int,
        Meta(ge=100, le=10_000_000, description="Groups (users, networks, clients …) that one rule remembers at once."),
    ] = 100_000
    anomalies: Anomalies = Anomalies()
