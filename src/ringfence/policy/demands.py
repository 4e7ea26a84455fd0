"""What an operation demands of a call, once the version's defaults are filled in."""

from collections.abc import Mapping
from typing import Final

from ringfence.policy.limits_model import Limit
from ringfence.policy.model import Demands
from ringfence.policy.operations import EffectiveDemands
from ringfence.policy.payload_model import PayloadEncryption
from ringfence.policy.rules_model import Facts

DEFAULT_MAX_BODY_BYTES: Final = 65_536
"""Ten times the largest payment that the public documents show."""


def merged(defaults: Demands, own: Demands | None) -> Demands:
    """Return an operation's own demands over the version's defaults, member by member."""
    if own is None:
        return defaults
    return Demands(
        scopes=defaults.scopes if own.scopes is None else own.scopes,
        user=defaults.user if own.user is None else own.user,
        binding=defaults.binding if own.binding is None else own.binding,
        dpop_nonce=defaults.dpop_nonce if own.dpop_nonce is None else own.dpop_nonce,
        signature=own.signature or defaults.signature,
        response_signature=own.response_signature or defaults.response_signature,
        body_signature=own.body_signature or defaults.body_signature,
        upstream_body=own.upstream_body or defaults.upstream_body,
        limits=defaults.limits if own.limits is None else own.limits,
        cost=defaults.cost if own.cost is None else own.cost,
        max_body_bytes=defaults.max_body_bytes if own.max_body_bytes is None else own.max_body_bytes,
        durable=defaults.durable if own.durable is None else own.durable,
        acr=defaults.acr if own.acr is None else own.acr,
        max_age_seconds=defaults.max_age_seconds if own.max_age_seconds is None else own.max_age_seconds,
        step_up=defaults.step_up if own.step_up is None else own.step_up,
        link=defaults.link if own.link is None else own.link,
        objects=defaults.objects if own.objects is None else own.objects,
        facts=defaults.facts if own.facts is None else own.facts,
        rules=defaults.rules if own.rules is None else own.rules,
        idempotency=defaults.idempotency if own.idempotency is None else own.idempotency,
        protect=defaults.protect if own.protect is None else own.protect,
        payload_encryption=own.payload_encryption or defaults.payload_encryption,
        minimise=defaults.minimise if own.minimise is None else own.minimise,
        priority=own.priority or defaults.priority,
        risk=own.risk or defaults.risk,
        screening=defaults.screening if own.screening is None else own.screening,
        expose=defaults.expose if own.expose is None else own.expose,
    )


def effective(demands: Demands, limits: Mapping[str, Limit]) -> EffectiveDemands:
    """Return the demands as the gateway applies them. Unknown limit names are a mistake told elsewhere."""
    return EffectiveDemands(
        scopes=frozenset(demands.scopes or ()),
        user_required=demands.user != "any",
        binding=demands.binding or "any",
        limits=_named(demands, limits),
        cost=demands.cost or 1,
        max_body_bytes=DEFAULT_MAX_BODY_BYTES if demands.max_body_bytes is None else demands.max_body_bytes,
        nonce_required=demands.dpop_nonce == "required",
        durable=demands.durable,
        acr=demands.acr or (),
        max_age_seconds=demands.max_age_seconds,
        step_up=demands.step_up or (),
        link=demands.link,
        objects=demands.objects or (),
        facts=demands.facts or Facts(),
        rules=demands.rules or (),
        idempotency=demands.idempotency,
        priority=demands.priority,
        risk=demands.risk,
        signature_required=demands.signature == "required",
        response_signed=demands.response_signature == "required",
        body_signature=demands.body_signature or "off",
        payload=_payload(demands),
        answer_sealed=_answer_sealed(demands),
        payload_upstream=demands.upstream_body == "payload",
    )


def _payload(demands: Demands) -> PayloadEncryption | None:
    asked = demands.payload_encryption
    return None if asked is None or asked.request == "off" else asked


def _answer_sealed(demands: Demands) -> str:
    asked = demands.payload_encryption
    return "" if asked is None or asked.answer == "off" else asked.profile


def _named(demands: Demands, limits: Mapping[str, Limit]) -> tuple[tuple[str, Limit], ...]:
    """Return the limits in the order in which they are asked for: rates, quotas, calls in flight; each once."""
    names = dict.fromkeys(name for name in demands.limits or () if name in limits)
    return tuple(sorted(((name, limits[name]) for name in names), key=lambda one: one[1].order))
