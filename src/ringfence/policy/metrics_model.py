"""What a policy says about metrics; its field descriptions are part of the manual page."""

from typing import Annotated

import msgspec
from msgspec import Meta


class Metrics(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A plain HTTP listener for a Prometheus server. The management socket answers `/metrics` in any case."""

    address: Annotated[
        str,
        Meta(
            description="Network address to bind. There is no TLS and no login: whoever reaches it sees clients and operations."
        ),
    ] = "127.0.0.1"
    port: Annotated[int, Meta(ge=1, le=65535, description="TCP port.")]
