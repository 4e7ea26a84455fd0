"""Hold the signatures that the policy demands against what the document declares.  RFC 7515 §9.2.1; RFC 7519 §10.3.1.

A demand that no call could meet is a mistake at start, and not a refusal of every call.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from ringfence.policy.model import Demands
from ringfence.policy.operations import Operation

DETACHED_HEADER: Final = "x-jws-signature"


def unmet_demands(operations: Iterable[Operation], demands: Mapping[str, Demands]) -> Iterator[tuple[str, str, str]]:
    """Yield operation, what is wrong, and what to write instead.

    Args:
        operations: the compiled operations.
        demands: by operation id, defaults filled in.
    """
    for operation in operations:
        asked, name = demands[operation.operation_id], operation.operation_id
        kind = asked.body_signature or "off"
        if kind == "compact" and not any(body.signed and body.validator for body in operation.bodies.values()):
            yield (
                name,
                f"`{name}` demands a signed body, but the document declares none with a schema",
                "declare `application/jwt` or `application/jose` there, or write `body_signature: off`",
            )
        if kind == "detached" and not _declares_header(operation):
            yield (
                name,
                f"`{name}` demands a detached signature, but the document does not declare the header",
                f"declare the header parameter `{DETACHED_HEADER}` there, or write `body_signature: off`",
            )
        if kind == "detached" and not any(body.validator for body in operation.bodies.values()):
            yield (
                name,
                f"`{name}` demands a detached signature, but takes no body that one could be over",
                "write `body_signature: off`, or `signature: required`, which covers calls without a body",
            )
        if asked.upstream_body == "payload" and kind != "compact":
            yield (
                name,
                f"`{name}` would pass on the payload of a signed body, but demands none",
                "write `body_signature: compact`, or `upstream_body: as_received`",
            )


def _declares_header(operation: Operation) -> bool:
    return any(p.location == "header" and p.name.lower() == DETACHED_HEADER for p in operation.parameters)
