import pytest

from ringfence.clients.client_profile import signing_of
from ringfence.problem import Reason, Refused


def test_a_profile_says_what_the_client_does_not() -> None:
    plain = signing_of("fapi2", signed=None, response_modes=None, has_keys=False)
    assert (plain.require_signed_request_object, plain.response_modes) == (False, ("query", "jwt"))
    strict = signing_of("fapi2-message-signing", signed=None, response_modes=None, has_keys=True)
    assert (strict.require_signed_request_object, strict.response_modes) == (True, ("jwt",))
    part = signing_of("fapi2", signed=True, response_modes=("query",), has_keys=True)
    assert (part.require_signed_request_object, part.response_modes) == (True, ("query",))


@pytest.mark.parametrize(
    ("profile", "signed", "modes", "has_keys", "at"),
    [
        ("fapi2-message-signing", False, None, True, "/require_signed_request_object"),
        ("fapi2-message-signing", None, ("jwt", "query"), True, "/response_modes/1"),
        ("fapi2-message-signing", None, None, False, "/jwks"),
        ("fapi2", True, None, False, "/jwks"),
        ("fapi2", None, (), True, "/response_modes"),
        ("fapi2", None, ("jwt", "jwt"), True, "/response_modes"),
    ],
)
def test_a_profile_that_contradicts_itself_is_refused(profile, signed, modes, has_keys, at) -> None:
    with pytest.raises(Refused) as refused:
        signing_of(profile, signed=signed, response_modes=modes, has_keys=has_keys)
    assert refused.value.reason is Reason.ADMIN_REQUEST
    assert refused.value.faults[0].at == at
