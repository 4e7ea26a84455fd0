"""What a policy says about events that leave for a SIEM; its field descriptions are part of the manual page."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

SinkName = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,40}$", description="Lower-case letters, digits, `-`.")]
EventKind = Annotated[
    str,
    Meta(
        pattern=r"^[a-z-]+(\.[a-z_-]+|\.\*)$", description="A kind of event, `login.decided`, or a family, `login.*`."
    ),
]
SinkUrl = Annotated[
    str,
    Meta(
        pattern=r"^(https://[A-Za-z0-9.-]+|https://\[[0-9a-fA-F:.]+\]|http://(127\.0\.0\.1|localhost|\[::1\]))(:[0-9]{1,5})?(/[!-~]*)?$",
        description="`https://…`; `http://` only on this machine.",
    ),
]
Format = Literal["ocsf", "ecs", "cef"]
SensitiveClass = Literal["identifier", "personal", "network", "free"]


class Chosen(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which events go there."""

    events: Annotated[
        tuple[EventKind, ...], Meta(description="Kinds of events, `login.decided`, or families, `login.*`. Empty: all.")
    ] = ()
    redact: Annotated[
        Literal["export", "all"],
        Meta(
            description="`export`: as `export.redact` says; `all`: no value leaves but those of fields that are facts or digests alone."
        ),
    ] = "export"


class Sink(Chosen, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which events go there and in which form."""

    format: Annotated[
        Format, Meta(description="`ocsf` (OCSF 1.8.0), `ecs` (Elastic Common Schema 8.17) or `cef` (ArcSight's CEF 0).")
    ] = "ocsf"


class FileSink(Sink, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file of lines, mode 0600, for a shipper on this machine."""

    path: Annotated[str, Meta(min_length=1, description="Path of the file; its directory must be there.")]
    max_bytes: Annotated[
        int, Meta(ge=4096, le=1 << 40, description="From this size on, a new file is begun and this one becomes `.1`.")
    ] = 104_857_600
    keep: Annotated[int, Meta(ge=1, le=1000, description="Earlier files that stay; the oldest beyond is removed.")] = 10


class SyslogSink(Sink, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A syslog collector over TLS or TCP: RFC 5424 messages, framed by RFC 6587 §3.4.1."""

    host: Annotated[str, Meta(min_length=1, max_length=253, description="Name or address of the collector.")]
    port: Annotated[int, Meta(ge=1, le=65535, description="TCP port.")] = 6514
    tls: Annotated[
        Literal["verify", "off"],
        Meta(description="`verify`: the certificate must be of `host` (RFC 5425); `off`: for a trusted network only."),
    ] = "verify"
    authority: Annotated[str, Meta(description="PEM file with the authority. Empty: the system's authorities.")] = ""
    certificate: Annotated[str, Meta(description="PEM file with our client certificate. Empty: none.")] = ""
    key: Annotated[str, Meta(description="PEM file with its key; readable by its owner only.")] = ""
    facility: Annotated[int, Meta(ge=0, le=23, description="Syslog facility (RFC 5424 §6.2.1); 13 is `log audit`.")] = (
        13
    )


class HttpSink(Sink, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A collector that takes batches by POST, one event a line (`application/x-ndjson`)."""

    url: SinkUrl
    token_file: Annotated[
        str, Meta(description="File with the bearer token; readable by its owner only. Empty: none.")
    ] = ""
    authority: Annotated[str, Meta(description="PEM file with the authority. Empty: the system's authorities.")] = ""
    certificate: Annotated[str, Meta(description="PEM file with our client certificate. Empty: none.")] = ""
    key: Annotated[str, Meta(description="PEM file with its key; readable by its owner only.")] = ""
    batch: Annotated[int, Meta(ge=1, le=1000, description="Most events in one POST.")] = 500


class OtlpSink(Chosen, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An OpenTelemetry collector that takes log records by OTLP over HTTP, in JSON."""

    url: Annotated[SinkUrl, Meta(description="Whole, as `https://collector.example:4318/v1/logs`.")]
    token_file: Annotated[
        str, Meta(description="File with the bearer token; readable by its owner only. Empty: none.")
    ] = ""
    authority: Annotated[str, Meta(description="PEM file with the authority. Empty: the system's authorities.")] = ""
    certificate: Annotated[str, Meta(description="PEM file with our client certificate. Empty: none.")] = ""
    key: Annotated[str, Meta(description="PEM file with its key; readable by its owner only.")] = ""
    batch: Annotated[int, Meta(ge=1, le=1000, description="Most events in one POST.")] = 500


class TraceSink(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An OpenTelemetry collector that takes spans of calls by OTLP over HTTP, in JSON."""

    url: Annotated[SinkUrl, Meta(description="Whole, as `https://collector.example:4318/v1/traces`.")]
    share: Annotated[
        float,
        Meta(
            gt=0,
            le=1,
            description="So many traces go there, chosen by their id: of those that begin here, and of those that callers record. The largest share of all sinks decides what the APIs behind are told.",
        ),
    ] = 1.0
    token_file: Annotated[
        str, Meta(description="File with the bearer token; readable by its owner only. Empty: none.")
    ] = ""
    authority: Annotated[str, Meta(description="PEM file with the authority. Empty: the system's authorities.")] = ""
    certificate: Annotated[str, Meta(description="PEM file with our client certificate. Empty: none.")] = ""
    key: Annotated[str, Meta(description="PEM file with its key; readable by its owner only.")] = ""
    batch: Annotated[int, Meta(ge=1, le=1000, description="Most calls in one POST.")] = 500


class Export(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Events leave for the bank's SIEM: each sink by itself, in order, at least once."""

    redact: Annotated[
        tuple[SensitiveClass, ...],
        Meta(description="Classes of fields whose values do not leave as they are; `docs/siem.md` has the table."),
    ] = ()
    redaction: Annotated[
        Literal["hash", "drop"],
        Meta(
            description="`hash`: a keyed hash in place of the value, the same for the same value; `drop`: nothing. Free text is always dropped."
        ),
    ] = "hash"
    file: Annotated[dict[SinkName, FileSink], Meta(description="Files, by a name of your choice.")] = msgspec.field(
        default_factory=dict
    )
    syslog: Annotated[dict[SinkName, SyslogSink], Meta(description="Syslog collectors, by name.")] = msgspec.field(
        default_factory=dict
    )
    http: Annotated[dict[SinkName, HttpSink], Meta(description="HTTP collectors, by name.")] = msgspec.field(
        default_factory=dict
    )
    otlp: Annotated[dict[SinkName, OtlpSink], Meta(description="OpenTelemetry collectors, by name.")] = msgspec.field(
        default_factory=dict
    )
    traces: Annotated[
        dict[SinkName, TraceSink],
        Meta(description="OpenTelemetry collectors that take calls as spans, by name; `docs/operations.md` tells how."),
    ] = msgspec.field(default_factory=dict)
