"""What a policy says about who is told of alerts; its field descriptions are part of the manual page."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from ringfence.policy.export_model import SinkName, SinkUrl

MailAddress = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9._+-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,190}[A-Za-z0-9])?$",
        description="`name@domain`, of letters, digits, `.`, `_`, `+`, `-` (RFC 5321 §4.1.2, a part of it).",
    ),
]
Inside = Annotated[
    str,
    Meta(pattern=r"^[0-9a-fA-F.:]{2,45}/[0-9]{1,3}$", description="A network, `10.20.0.0/16` or `fd00:1::/32`."),
]


class Channel(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which alerts are told, and how many messages they may make."""

    levels: Annotated[
        tuple[Literal["low", "medium", "high", "critical"], ...],
        Meta(
            description="Levels of alerts that are told at once. Empty: only what a playbook's `notify` names it for."
        ),
    ] = ("medium", "high", "critical")
    most_per_hour: Annotated[
        int, Meta(ge=1, le=3600, description="Messages an hour in the long run; alerts beyond come together in one.")
    ] = 30
    at_once: Annotated[
        int,
        Meta(ge=1, le=100, description="Messages that may follow each other without a pause; the last is a digest."),
    ] = 10
    keep: Annotated[
        int,
        Meta(
            ge=10,
            le=100_000,
            description="Alerts that wait while nobody takes them; beyond, the oldest are dropped and counted.",
        ),
    ] = 10_000
    attempts: Annotated[
        int,
        Meta(
            ge=1,
            le=100,
            description="After so many answers that refuse a message as it is, it is given up and counted. Whoever does not answer is waited for.",
        ),
    ] = 20


class Webhook(Channel, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody who is told of alerts by signed POSTs."""

    url: SinkUrl
    secret_file: Annotated[
        str, Meta(description="File with the secret of the signature, 24 to 64 characters; readable by its owner only.")
    ]
    format: Annotated[Literal["ocsf", "ecs"], Meta(description="Form of the alert.")] = "ocsf"
    authority: Annotated[str, Meta(description="PEM file with the authority. Empty: the system's authorities.")] = ""
    inside: Annotated[
        tuple[Inside, ...],
        Meta(description="Networks of yours that its name may lead to. Empty: public addresses alone (RFC 6890)."),
    ] = ()


class MailChannel(Channel, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody who is told of alerts by e-mail (RFC 5321), over TLS only."""

    host: Annotated[str, Meta(pattern=r"^[A-Za-z0-9.:-]{1,253}$", description="Name or address of the mail server.")]
    port: Annotated[int, Meta(ge=1, le=65535, description="TCP port.")] = 587
    tls: Annotated[
        Literal["starttls", "implicit"],
        Meta(
            description="`starttls` (RFC 3207) or TLS from the first byte (RFC 8314). Without either nothing is sent."
        ),
    ] = "starttls"
    sender: Annotated[MailAddress, Meta(description="Whom it is from.")]
    to: Annotated[tuple[MailAddress, ...], Meta(min_length=1, max_length=50, description="Who gets it.")]
    user: Annotated[
        str, Meta(pattern=r"^[!-~]{0,254}$", description="Name to log in with, printable ASCII. Empty: no login.")
    ] = ""
    password_file: Annotated[str, Meta(description="File with its password; readable by its owner only.")] = ""
    authority: Annotated[str, Meta(description="PEM file with the authority. Empty: the system's authorities.")] = ""


class SyslogChannel(Channel, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A syslog collector that is told of alerts in sentences, over TLS (RFC 5425)."""

    host: Annotated[str, Meta(min_length=1, max_length=253, description="Name or address of the collector.")]
    port: Annotated[int, Meta(ge=1, le=65535, description="TCP port.")] = 6514
    authority: Annotated[str, Meta(description="PEM file with the authority. Empty: the system's authorities.")] = ""
    certificate: Annotated[str, Meta(description="PEM file with our client certificate. Empty: none.")] = ""
    key: Annotated[str, Meta(description="PEM file with its key; readable by its owner only.")] = ""
    facility: Annotated[int, Meta(ge=0, le=23, description="Syslog facility (RFC 5424 §6.2.1); 14 is `log alert`.")] = (
        14
    )


class Notify(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Channels by which people are told of alerts, each by itself, at least once."""

    webhook: Annotated[dict[SinkName, Webhook], Meta(description="Signed webhooks, by a name of your choice.")] = (
        msgspec.field(default_factory=dict)
    )
    mail: Annotated[dict[SinkName, MailChannel], Meta(description="E-mail, by name.")] = msgspec.field(
        default_factory=dict
    )
    syslog: Annotated[dict[SinkName, SyslogChannel], Meta(description="Syslog collectors, by name.")] = msgspec.field(
        default_factory=dict
    )

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all channels."""
        return (*self.webhook, *self.mail, *self.syslog)
