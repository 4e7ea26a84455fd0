import pytest

from ringfence.gateway.fields import LONGEST_NAME, Use, connection_options, field_name, request_field
from ringfence.problem import Reason, Refused


@pytest.mark.parametrize(
    ("name", "use"),
    [
        (b"Accept", Use.KEEP),
        (b"authorization", Use.KEEP_ONE),
        (b"DPoP", Use.KEEP_ONE),
        (b"Transfer-Encoding", Use.READ_ONE),
        (b"x-ringfence-peer", Use.READ_ONE),
        (b"X-Forwarded-Client-Cert", Use.READ_ONE),
        (b"connection", Use.CONNECTION),
        (b"te", Use.DROP),
        (b"upgrade", Use.DROP),
        (b"proxy-anything", Use.DROP),
        (b"x-ringfence-client", Use.DROP),
        (b"x-forwarded-for", Use.DROP),
        (b"x-envoy-original-path", Use.DROP),
        (b"forwarded", Use.DROP),
        (b"X-HTTP-Method-Override", Use.DROP),
        (b"x-original-url", Use.DROP),
        (b"remote-user", Use.DROP),
        (b"true-client-ip", Use.DROP),
        (b"x-ssl-client-verify", Use.DROP),
        (b"x-request-id", Use.KEEP),
    ],
)
def test_each_field_has_its_use(name, use):
    assert request_field(name) == (name.decode().lower(), use)


def test_a_name_with_an_underscore_is_two_names_to_some_servers():
    with pytest.raises(Refused) as refused:
        request_field(b"x_ringfence_peer")
    assert refused.value.reason is Reason.AMBIGUOUS_HEADER


@pytest.mark.parametrize("name", [b"", b"a b", b"a:", b"a\x00", "café".encode(), b"a\r\n", b"a" * (LONGEST_NAME + 1)])
def test_a_name_that_is_no_token_is_refused(name):
    assert field_name(name) is None
    with pytest.raises(Refused) as refused:
        request_field(name)
    assert refused.value.reason is Reason.MALFORMED_REQUEST


def test_connection_options_are_read_without_case_and_blanks():
    assert connection_options(" Close, X-A ,,te") == {"close", "x-a", "te"}
