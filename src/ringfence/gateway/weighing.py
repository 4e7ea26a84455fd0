"""Put on record what a call cost and why, and take trust from calls that were refused for what they were."""

from typing import Final

import structlog

from ringfence.gateway.ports import Admissions
from ringfence.gateway.rate_limit_fields import Named, OverLimit
from ringfence.gateway.stages import Limited, Weighing
from ringfence.problem import Reason, Refused
from ringfence.store.interface import Admission, Admitted, Bucket, Unavailable, Weighed

_log = structlog.get_logger("ringfence.gateway")

NOTHING: Final = Weighing(0.0, 0.0, "")
"""No limit applied, or none was asked."""

_CALLERS_FAULT: Final = range(400, 500)
_ON_THE_WAY: Final = frozenset({Reason.AUTHENTICATION_INSUFFICIENT, Reason.IDEMPOTENCY_UNDER_WAY})
"""What honest callers meet on their way: they are told to come again, with a stronger login or a little later."""


def weighed(limits: Named, asked: Admission, answer: Admitted) -> Weighing:
    """Return what a call cost: in the limit that weighs risk and where it cost most, else its plain cost."""
    found = answer.weighed
    if found is not None:
        name = limits[found.index][0]
        return Weighing(found.risk, found.cost, f"{name}: {_formula(found, asked.buckets[found.index])}")
    counts = asked.buckets or asked.quotas
    return Weighing(0.0, counts[0].cost, "") if counts else NOTHING


def _formula(found: Weighed, bucket: Bucket) -> str:
    weight = bucket.weight
    if weight is None:
        raise ValueError(bucket.key)
    rule = weight.rule
    parts = [f"{bucket.cost:g}·(1+{0 if weight.floor else rule.factor:g}·{found.risk:.3g}^{rule.power:g})"]
    parts += [f"/{found.trust:.3g} trust"] if found.trust > 1 else []
    parts += [", risk held"] if found.held else []
    parts += [", a payment's floor"] if weight.floor else []
    parts += [", at most"] if not weight.floor and found.cost >= weight.most else []
    return "".join(parts)


def weighing_of(limited: Limited | None, refused: Refused | None) -> Weighing:
    """Return what the record says of a call's cost."""
    weighing = refused.weighing if isinstance(refused, OverLimit) else limited.weighing if limited is not None else None
    return weighing or NOTHING


async def blemish(limited: Limited | None, refused: Refused | None, admissions: Admissions) -> None:
    """Halve the trust of a caller whose call was let in and then refused for what it was."""
    if limited is None or refused is None or not limited.earning or refused.status not in _CALLERS_FAULT:
        return
    if refused.reason in _ON_THE_WAY:
        return
    try:
        await admissions.blemish(limited.earning)
    except Unavailable as why:
        _log.error("trust stays though a call was refused", why=str(why))
