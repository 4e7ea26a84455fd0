"""Find what an operation declares of its bodies and answers, by media type.  OpenAPI 3.1.1 §4.8.14, §4.8.16, §4.8.17."""

from collections.abc import Iterator
from typing import Any

from ringfence.policy.references import Broken, References


def contents(raw: Any, references: References) -> Iterator[tuple[str, Any]]:
    """Yield each media type of a request body or a response (`type/subtype`, lower case) with what is declared of it."""
    try:
        found, _ = references.resolved(raw, "")
    except Broken:
        return
    content = found.get("content") if isinstance(found, dict) else None
    for name, media in content.items() if isinstance(content, dict) else ():
        yield str(name).partition(";")[0].strip().lower(), media


def answers(operation: dict[str, Any], references: References) -> Iterator[tuple[str, str, Any]]:
    """Yield status key, media type, and what is declared of it, for every answer of an operation."""
    responses = operation.get("responses")
    for status, response in responses.items() if isinstance(responses, dict) else ():
        for media_type, media in contents(response, references):
            yield str(status), media_type, media


def is_json(media_type: str) -> bool:
    """Say whether a media type is JSON (RFC 6839 §3.1)."""
    return media_type == "application/json" or media_type.endswith("+json")


def has_schema(media: Any) -> bool:
    """Say whether anything is declared of a media type."""
    return isinstance(media, dict) and "schema" in media
