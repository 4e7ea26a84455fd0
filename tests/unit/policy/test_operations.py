import pytest

from ringfence.policy.operations import EffectiveDemands, Operation


def operation(method: str, durable: bool | None) -> Operation:
    demands = EffectiveDemands(frozenset(), True, "any", (), 0, durable=durable)
    return Operation("a", "v1", "Op", method, "/a", None, "a/v1", demands, (), {}, False, "refuse", frozenset())  # type: ignore[arg-type]


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_what_only_reads_need_not_be_durable(method):
    assert not operation(method, None).durable
    assert operation(method, True).durable


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "NEW"])
def test_what_may_change_something_is_durable(method):
    assert operation(method, None).durable
    assert not operation(method, False).durable
