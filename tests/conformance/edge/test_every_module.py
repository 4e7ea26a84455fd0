"""Nothing of the suite is left out: each module has a test of its name, and each variant that it applies to is run."""

import ast
from collections import Counter
from pathlib import Path

import pytest

from tests.conformance.edge.variants import POSTGRES, SELF_SIGNED, SQLITE, VARIANTS, modules

OIDC_DPOP = 56
"""What the suite itself counts for plain FAPI (its plans' annotations), by authentication, binding and OpenID."""
COUNTS = {
    ("private_key_jwt", "dpop", True): OIDC_DPOP,
    ("private_key_jwt", "dpop", False): 50,
    ("private_key_jwt", "mtls", True): 47,
    ("private_key_jwt", "mtls", False): 41,
    ("tls_client_auth", "dpop", True): 46,
    ("tls_client_auth", "dpop", False): 40,
    ("tls_client_auth", "mtls", True): 37,
    ("tls_client_auth", "mtls", False): 31,
}
SIGNED = 70
OWN = 14
NOT_OF_PLAIN_FAPI = {"ensure-registered-redirect-uri"}
"""Of other profiles, and demanded here all the same."""


def names_here() -> Counter[str]:
    files = sorted(Path(__file__).parent.glob("test_modules_*.py"))
    nodes = [node for file in files for node in ast.walk(ast.parse(file.read_text()))]
    return Counter(node.name for node in nodes if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"))


def test_every_module_has_one_test_of_its_name() -> None:
    found = names_here()
    assert set(found) == set(modules())
    assert max(found.values()) == 1


def met(variant) -> int:
    return sum(module.applies(variant) for module in modules().values() if module.name not in NOT_OF_PLAIN_FAPI)


@pytest.mark.parametrize("key", COUNTS, ids=str)
def test_each_variant_meets_as_many_modules_as_the_suite_counts(key) -> None:
    (variant,) = (
        one
        for one in VARIANTS
        if (one.auth, one.constrain, one.openid) == key and not (one.signed or one.jarm or one.rar or one.own)
    )
    assert met(variant) == COUNTS[key]


def test_the_other_plans_count_too() -> None:
    (signed,) = (v for v in VARIANTS if v.name == "pkjwt-dpop-openid-signed")
    assert met(signed) == SIGNED
    own = [v for v in VARIANTS if v.own and (v.auth, v.constrain) == ("private_key_jwt", "dpop")]
    assert [met(variant) for variant in own] == [OWN]


def test_every_way_of_each_choice_is_run() -> None:
    for auth in ("private_key_jwt", "tls_client_auth", "self_signed_tls_client_auth"):
        for constrain in ("dpop", "mtls"):
            for openid in (True, False):
                assert any((v.auth, v.constrain, v.openid) == (auth, constrain, openid) for v in VARIANTS)
    for trait in ("signed", "jarm", "rar", "own"):
        assert any(getattr(variant, trait) for variant in VARIANTS)
    assert {on for variant in VARIANTS for on in variant.on} == {SQLITE, POSTGRES, SELF_SIGNED}
    assert len({variant.name for variant in VARIANTS}) == len(VARIANTS)


def test_every_module_says_what_it_demands() -> None:
    assert all(len(module.demand) > 10 for module in modules().values())
