import msgspec
import pytest

from ringfence.policy.operations import EffectiveDemands, Operation


def operation(method: str, *, durable: bool | None = None) -> Operation:
    demands = EffectiveDemands(
        frozenset(), user_required=True, binding="any", limits=(), max_body_bytes=0, durable=durable
    )
    rest = {"body_required": False, "unknown_query": "refuse", "statuses": frozenset()}
    return Operation("a", "v1", "Op", method, "/a", None, "a/v1", demands, (), {}, **rest)


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_what_only_reads_need_not_be_durable(method):
    assert not operation(method).durable
    assert operation(method, durable=True).durable


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "NEW"])
def test_what_may_change_something_is_durable(method):
    assert operation(method).durable
    assert not operation(method, durable=False).durable


def test_any_signature_makes_a_call_signed() -> None:
    nothing = EffectiveDemands(frozenset(), user_required=True, binding="any", limits=(), max_body_bytes=1)
    assert not nothing.signed
    for more in ({"signature_required": True}, {"body_signature": "compact"}, {"body_signature": "detached"}):
        demands = msgspec.structs.replace(nothing, **more)
        assert demands.signed
