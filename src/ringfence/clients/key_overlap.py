"""Take a client's former keys for a while after it has replaced them.  RFC 7517 §4.5; NIST SP 800-57 Part 1 §5.3."""

from typing import Any, Final

import msgspec

from ringfence.clients.encryption_keys import for_signatures
from ringfence.clock import Instant, Seconds
from ringfence.store.model import Client

MOST_RETIRED: Final = 40
"""The latest that were replaced; a client that replaces its keys all day long loses the earliest sooner."""


def with_new_keys(before: Client, after: Client, overlap: Seconds, now: Instant) -> Client:
    """Return `after` with the keys of `before` that it lacks, good for `overlap` seconds from now.

    A key for encryption that was replaced is gone at once: nothing is sealed to it any more, and what was is for its
    owner to open. A key that comes back is no longer retired; one whose `kid` another key has now is gone at once, since a
    signature could not say which of the two it is by.
    """
    names = {key.get("kid") for key in after.jwks.get("keys", ())}
    retired = [entry for entry in before.retired_keys if entry["until"] > now]
    if overlap > 0:
        retired += [{"jwk": key, "until": now + overlap} for key in for_signatures(before.jwks).get("keys", ())]
    else:
        retired = []
    kept: dict[str, dict[str, Any]] = {}
    for entry in retired:
        if entry["jwk"].get("kid") not in names:
            kept[entry["jwk"].get("kid")] = entry
    return msgspec.structs.replace(after, retired_keys=tuple(kept.values())[-MOST_RETIRED:])


def keys_in_force(client: Client, now: Instant) -> dict[str, Any]:
    """Return the keys for signatures that a client registered, with those it has replaced and that still count."""
    retired = [entry["jwk"] for entry in client.retired_keys if entry["until"] > now]
    own = list(for_signatures(client.jwks).get("keys", ()))
    return {"keys": [*own, *retired]} if own or retired else {}
