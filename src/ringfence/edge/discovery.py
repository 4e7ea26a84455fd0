"""Files that Envoy reads while it runs: a list of resources and the version that they are.  xDS, v3."""

import hashlib
from typing import Any

import msgspec


def discovery(resources: list[dict[str, Any]], version: str = "") -> bytes:
    """Return a `DiscoveryResponse` as JSON; the version is a digest of the resources where none is given."""
    version = version or hashlib.sha256(msgspec.json.encode(resources)).hexdigest()
    return document({"version_info": version, "resources": resources})


def document(value: dict[str, Any]) -> bytes:
    """Return JSON with line ends, so that an operator can read and compare what was rendered."""
    return msgspec.json.format(msgspec.json.encode(value), indent=1)
