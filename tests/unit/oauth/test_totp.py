from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from ringfence.clock import Instant
from ringfence.ids import system_random
from ringfence.oauth.totp import key_uri, new_secret, read_secret, step_of, written
from ringfence.problem import Reason, Refused

RFC = b"12345678901234567890"


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "94287082"),
        (1111111109, "07081804"),
        (1111111111, "14050471"),
        (1234567890, "89005924"),
        (2000000000, "69279037"),
        (20000000000, "65353130"),
    ],
)
def test_the_vectors_of_rfc_6238_appendix_b(seconds: int, code: str) -> None:
    assert step_of(code[-6:], RFC, Instant(seconds)) == seconds // 30


def test_one_step_each_way_and_no_more() -> None:
    code, begin = "050471", 1111111110
    for later in (-30.0, -0.1, 0.0, 29.9, 59.9):
        assert step_of(code, RFC, Instant(begin + later)) == begin // 30
    for later in (-30.1, 60.0, 90.0):
        with pytest.raises(Refused) as why:
            step_of(code, RFC, Instant(begin + later))
        assert why.value.reason is Reason.SECOND_FACTOR


@pytest.mark.parametrize("code", ["", "28708", "2870820", "287082 ", "٢٨٧٠٨٢", "ä", "\x00"])
def test_what_is_no_code(code: str) -> None:
    with pytest.raises(Refused):
        step_of(code, RFC, Instant(59.0))


def test_a_secret_is_written_and_read() -> None:
    secret = new_secret(system_random)
    assert len(secret) == 20
    assert read_secret(written(secret)) == secret
    for text in ("", written(secret)[:-1], written(secret).lower(), "1" * 32, written(secret) + "A"):
        with pytest.raises(Refused):
            read_secret(text)


def test_the_uri_that_authenticators_read() -> None:
    uri = urlsplit(key_uri(RFC, "ann&b@x", "Bank: Öst"))
    assert (uri.scheme, uri.netloc) == ("otpauth", "totp")
    assert unquote(uri.path) == "/Bank: Öst:ann&b@x"
    assert parse_qs(uri.query) == {
        "secret": ["GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"],
        "issuer": ["Bank: Öst"],
        "digits": ["6"],
        "period": ["30"],
    }
