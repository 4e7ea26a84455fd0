"""Under which key a limit counts a call. Nothing that a caller writes chooses it: all comes from verified tokens and the edge."""

from hashlib import sha256
from typing import Final

from ringfence.networks import network_of
from ringfence.policy.limits_model import Sharer
from ringfence.policy.operations import Operation
from ringfence.proofs.access_token import AccessToken

LONGEST_PLAIN_IDENTITY: Final = 96
"""Characters of an identity that stand in a key as they are; a longer one is hashed."""

OWN: Final[frozenset[Sharer]] = frozenset({"client", "operation", "grant", "consent"})
"""Nobody but the caller adds to these: what is left of them tells the caller nothing of others."""


def identity(per: Sharer, token: AccessToken, operation: Operation, address: str) -> str:
    """Return who shares a limit with this call.

    A token without a customer, a grant or a consent counts for its client: were it the token itself, a new token would
    be a new limit.
    """
    match per:
        case "client":
            return token.client_id
        case "user":
            return token.user_id or _client(token)
        case "grant":
            return token.grant_id or _client(token)
        case "consent":
            return token.consent_id or token.grant_id or _client(token)
        case "network":
            return network_of(address)
        case "operation":
            return of_operation(token.client_id, operation)
        case "everyone":
            return ""


def _client(token: AccessToken) -> str:
    """Return the client as no customer, grant or consent is named."""
    return f"client|{token.client_id}"


def of_operation(client_id: str, operation: Operation) -> str:
    """Return what a client and an operation share."""
    return f"{client_id}|{operation.upstream_name}|{operation.operation_id}"


def key(name: str, who: str) -> bytes:
    """Return the key of a limit, by its name in the policy and who shares it; no name holds a `|`."""
    if len(who) > LONGEST_PLAIN_IDENTITY:
        who = sha256(who.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{name}|{who}".encode("utf-8", "surrogatepass")
