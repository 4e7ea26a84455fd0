"""The exact text that a customer decides on, in one canonical form with its hash: evidence of what was shown."""

import hashlib
from collections.abc import Sequence
from typing import Final

import msgspec

from ringfence.oauth.words import Wording

TEXT_VERSION: Final = 1
"""Version of the canonical form below; a change of it is a new number."""


def text_hash(client: str, customer: str, wordings: Sequence[Wording]) -> str:
    """Return the SHA-256 in hex of what the consent page says.

    The canonical form is JSON in UTF-8, members sorted, without white space: `client` and `customer` by their names,
    `asked` a list of `[sentence, [[name, value] …]]` in their order, `version`.
    """
    content = {
        "version": TEXT_VERSION,
        "client": client,
        "customer": customer,
        "asked": [[one.sentence, one.facts] for one in wordings],
    }
    return hashlib.sha256(msgspec.json.encode(content, order="sorted")).hexdigest()
