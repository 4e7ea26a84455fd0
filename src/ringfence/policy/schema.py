"""The policy file's JSON Schema, for editors.  JSON Schema 2020-12."""

from typing import Any

import msgspec

from ringfence.policy.model import Policy

DIALECT = "https://json-schema.org/draft/2020-12/schema"
IDENTIFIER = "urn:ringfence:policy:1"


def policy_schema() -> dict[str, Any]:
    """Return the schema; the fields' descriptions in it are the manual's."""
    return {
        "$schema": DIALECT,
        "$id": IDENTIFIER,
        "title": "ringfence.yaml",
        **msgspec.json.schema(Policy),
    }
