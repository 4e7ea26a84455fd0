"""Every attack there is, in the order in which they are run."""

from typing import Final

from ringfence.attacks import (
    algorithm_tricks,
    amount_as_number,
    burst,
    changed_payment,
    duplicate_key,
    expired_token,
    malformed_json,
    missing_scope,
    other_partner,
    replayed_proof,
    stolen_token,
    unknown_field,
    wrong_method,
)
from ringfence.attacks.outcome import Attack

ATTACKS: Final[tuple[Attack, ...]] = (
    stolen_token.ATTACK,
    replayed_proof.ATTACK,
    wrong_method.ATTACK,
    other_partner.ATTACK,
    expired_token.ATTACK,
    algorithm_tricks.ATTACK,
    missing_scope.ATTACK,
    unknown_field.ATTACK,
    malformed_json.ATTACK,
    duplicate_key.ATTACK,
    amount_as_number.ATTACK,
    changed_payment.ATTACK,
    burst.ATTACK,
)
"""The burst comes last: it leaves its partner's bucket full."""
