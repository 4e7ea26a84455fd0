import msgspec

from ringfence.policy.operations import EffectiveDemands


def test_any_signature_makes_a_call_signed() -> None:
    nothing = EffectiveDemands(frozenset(), user_required=True, binding="any", limits=(), max_body_bytes=1)
    assert not nothing.signed
    for more in ({"signature_required": True}, {"body_signature": "compact"}, {"body_signature": "detached"}):
        demands = msgspec.structs.replace(nothing, **more)
        assert demands.signed
