"""What a policy says about detection; its field descriptions are part of the manual page."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from ringfence.policy.anomaly_model import Anomalies


class Alerts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many alerts are kept, and for how long."""

    an_hour: Annotated[
        int,
        Meta(
            ge=10,
            le=1_000_000,
            description="Alerts of one rule kept within an hour; what comes beyond is counted and told as one. Those that are answered or speak against a client are always kept.",
        ),
    ] = 200
    kept_days: Annotated[
        int,
        Meta(
            ge=1,
            le=3_650,
            description="Days after which an alert is forgotten, unless it waits for its answer or is part of a case.",
        ),
    ] = 365


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
    alerts: Alerts = Alerts()
    playbooks: Annotated[
        str,
        Meta(
            description="Directory with playbooks of your own, `*.yaml`; one with the id of a shipped playbook takes its place. Empty: ours alone."
        ),
    ] = ""
    playbook_modes: Annotated[
        dict[str, Literal["off", "dry-run", "on"]],
        Meta(
            description="By playbook id, in place of the playbook's own mode: `dry-run` records what it would do, `on` does it."
        ),
    ] = msgspec.field(default_factory=dict)
    responses_per_hour: Annotated[
        int,
        Meta(
            ge=1,
            le=100_000,
            description="Most responses of one kind within an hour, half of them for one rule; what comes beyond waits for a person.",
        ),
    ] = 200
    step_up_acr: Annotated[
        tuple[str, ...],
        Meta(
            min_length=1,
            description="Classes of login any of which fulfils a step-up that a response or a feed of threat intelligence demands.",
        ),
    ] = ("urn:ringfence:acr:two-factor", "urn:ringfence:acr:phishing-resistant")
