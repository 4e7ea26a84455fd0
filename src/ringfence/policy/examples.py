"""Hold a document's own examples of request bodies against what was compiled from its schemas."""

from collections.abc import Iterator, Mapping
from typing import Any

from ringfence.policy.faults import Faults
from ringfence.policy.operations import Body
from ringfence.policy.pointers import below
from ringfence.policy.references import Broken, References


def check_examples(
    request_body: Any, at: str, bodies: Mapping[str, Body], references: References, faults: Faults
) -> None:
    """Tell each example that a call could not be like. Examples are the cheapest test of a document there is."""
    try:
        raw, at = references.resolved(request_body, at)
    except Broken:
        return
    for name, media in raw.get("content", {}).items():
        body = bodies.get(str(name).partition(";")[0].strip().lower())
        if body is None or body.validator is None or body.form or body.signed or not isinstance(media, dict):
            continue
        for example, example_at in examples(media, below(f"{at}/content", name), references):
            try:
                error = next(iter(body.validator.iter_errors(example)), None)
            except ValueError:  # what YAML has beyond JSON, such as keys that are numbers
                faults.add("example-mismatch", example_at, "the example is not JSON")
                continue
            if error is not None:
                where = "".join(f"/{part}" for part in error.instance_path) or "the whole"
                faults.add("example-mismatch", example_at, f"{where}: {error.message}"[:200])


def examples(media: dict[str, Any], at: str, references: References) -> Iterator[tuple[Any, str]]:
    """Yield the examples of a media type, each with its pointer."""
    if "example" in media:
        yield media["example"], f"{at}/example"
    many = media.get("examples")
    for name, raw in many.items() if isinstance(many, dict) else ():
        try:
            found, found_at = references.resolved(raw, below(f"{at}/examples", name))
        except Broken:
            continue
        if isinstance(found, dict) and "value" in found:
            yield found["value"], f"{found_at}/value"
