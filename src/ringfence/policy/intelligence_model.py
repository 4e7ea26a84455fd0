"""What a policy says about threat intelligence; its field descriptions are part of the manual page."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from ringfence.policy.export_model import SinkName

FeedFormat = Literal["list", "csv", "misp", "stix", "taxii", "crawlers"]


class Feed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One source of indicators."""

    path: Annotated[
        str, Meta(description="File on this machine, read again when it has changed. Either this or `url`.")
    ] = ""
    url: Annotated[
        str,
        Meta(
            pattern=r"^((https://[A-Za-z0-9.-]+|https://\[[0-9a-fA-F:.]+\]|http://(127\.0\.0\.1|localhost|\[::1\]))(:[0-9]{1,5})?(/[!-~]*)?)?$",
            description="Where it is fetched: `https://…`, `http://` only on this machine. Of TAXII: the collection, without `/objects/`.",
        ),
    ] = ""
    format: Annotated[
        FeedFormat,
        Meta(
            description="`list`: a network a line; `csv`; `misp`: MISP's JSON; `stix`: a STIX 2.1 bundle; `taxii`: a TAXII 2.1 collection; `crawlers`: JSON objects with `pattern`, for user agents."
        ),
    ] = "list"
    about: Annotated[
        Literal["network", "user-agent"],
        Meta(description="What a `list` names: networks, or user agents as RE2 patterns without regard to case."),
    ] = "network"
    action: Annotated[
        Literal["tag", "step-up", "refuse"],
        Meta(
            description="For callers from there: `tag` puts the feed's name in events, for rules; `step-up` demands a login by two factors or a passkey; `refuse` takes nothing from there. A user agent is what a caller says of itself: `tag` only."
        ),
    ] = "tag"
    every_seconds: Annotated[int, Meta(ge=60, le=604_800, description="How often a `url` is fetched.")] = 21_600
    expires_after_seconds: Annotated[
        int,
        Meta(
            ge=3600,
            le=31_536_000,
            description="An entry without an end of its own, and a feed that comes no more, end after this.",
        ),
    ] = 604_800
    confidence: Annotated[int, Meta(ge=0, le=100, description="Of entries that say none.")] = 70
    least_confidence: Annotated[int, Meta(ge=0, le=100, description="Entries below are not used.")] = 50
    network_column: Annotated[str, Meta(max_length=100, description="Of CSV: the column with the network.")] = ""
    confidence_column: Annotated[
        str, Meta(max_length=100, description="Of CSV: the column with the confidence. Empty: none.")
    ] = ""
    delimiter: Annotated[str, Meta(min_length=1, max_length=1, description="Of CSV: between columns.")] = ","
    token_file: Annotated[
        str,
        Meta(description="File with what goes into `Authorization: Bearer`; readable by its owner only. Empty: none."),
    ] = ""
    key_file: Annotated[
        str,
        Meta(
            description="File with what goes into `Authorization` as it is, as MISP wants its key; readable by its owner only."
        ),
    ] = ""
    authority: Annotated[
        str, Meta(description="PEM file with the authority of the server. Empty: the system's authorities.")
    ] = ""


class Intelligence(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What others say about networks and user agents."""

    feeds: Annotated[dict[SinkName, Feed], Meta(description="By a name of your choice, which events carry.")] = (
        msgspec.field(default_factory=dict)
    )
    allow: Annotated[
        tuple[str, ...],
        Meta(description="Addresses and networks that no feed may name, whatever it says: your partners', your own."),
    ] = ()
