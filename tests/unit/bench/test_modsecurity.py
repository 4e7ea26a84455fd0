import pytest

from bench.modsecurity import CoreRules, Missing


def test_the_core_rules_refuse_an_attack_where_they_are_installed() -> None:
    try:
        rules = CoreRules(1)
    except Missing as why:
        pytest.skip(f"libmodsecurity3 and modsecurity-crs are not installed: {why}")
    assert rules.refuses(b'{"a": "1 union select 1,2 from users"}')
    assert not rules.refuses(b'{"a": "rent"}')
