import pytest

from ringfence.problem import Reason
from ringfence.proofs.authorization import Credentials, check_scheme, parse_authorization


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("DPoP a.b.c", Credentials("DPoP", "a.b.c")),
        ("dpop a.b.c", Credentials("DPoP", "a.b.c")),
        ("dpOp a.b.c", Credentials("DPoP", "a.b.c")),
        ("Bearer a.b.c", Credentials("Bearer", "a.b.c")),
        ("BEARER  a.b.c", Credentials("Bearer", "a.b.c")),
        ("Bearer A-Za-z0-9._~+/==", Credentials("Bearer", "A-Za-z0-9._~+/==")),
    ],
)
def test_schemes_in_any_case(value, expected):
    assert parse_authorization([value]) == expected


@pytest.mark.parametrize("values", [[], [""], ["Basic YTpi"], ["a.b.c"], ["DPoP\ta.b.c"], [" DPoP a"], ["DPoPa.b.c"]])
def test_no_token(refusal, values):
    assert refusal(parse_authorization, values) is Reason.TOKEN_MISSING


@pytest.mark.parametrize(
    "value",
    [
        "DPoP",
        "DPoP ",
        "DPoP a b",
        "DPoP a,b",
        "DPoP a, DPoP b",
        'DPoP token="a"',
        "Bearer =",
        "Bearer a=b",
        "Bearer a\n",
        "Bearer a\t",
        "Bearer ä",
        "Bearer \u0661",
        "Bearer \udc80",
        "Bearer " + "a" * 16_385,
    ],
)
def test_a_token_that_is_none(refusal, value):
    assert refusal(parse_authorization, [value]) is Reason.TOKEN_MALFORMED


def test_two_fields_are_refused_even_if_equal(refusal):
    assert refusal(parse_authorization, ["DPoP a", "DPoP a"]) is Reason.AMBIGUOUS_HEADER


@pytest.mark.parametrize(
    ("cnf", "scheme"),
    [
        ({"jkt": "A" * 43}, "DPoP"),
        ({"x5t#S256": "A" * 43}, "Bearer"),
        ({"jkt": "A" * 43, "x5t#S256": "B" * 43}, "DPoP"),
    ],
)
def test_the_scheme_belongs_to_the_binding(token_of, token_claims, refusal, cnf, scheme):
    token = token_of({**token_claims, "cnf": cnf})
    check_scheme(Credentials(scheme, "x"), token)
    other = "Bearer" if scheme == "DPoP" else "DPoP"
    assert refusal(check_scheme, Credentials(other, "x"), token) is Reason.SCHEME_MISMATCH
