import pytest

from ringfence.clients.texts import fault
from ringfence.oauth.registration_faults import as_registration, translated
from ringfence.problem import Reason, Refused


@pytest.mark.parametrize(
    ("at", "reason", "detail"),
    [
        ("/redirect_uris/1", Reason.REDIRECT_URI_UNFIT, "redirect_uris[1] is wrong"),
        ("/redirect_uris", Reason.REDIRECT_URI_UNFIT, "redirect_uris is wrong"),
        ("/name", Reason.CLIENT_METADATA, "client_name is wrong"),
        ("/scopes/0", Reason.CLIENT_METADATA, "scope[0] is wrong"),
        ("/assertion_algorithm", Reason.CLIENT_METADATA, "token_endpoint_auth_signing_alg is wrong"),
        ("/contacts", Reason.CLIENT_METADATA, "contacts is wrong"),
        ("", Reason.CLIENT_METADATA, "is wrong"),
    ],
)
def test_members_have_the_names_of_registration(at, reason, detail):
    found = translated(fault(at, "is wrong"))
    assert (found.reason, found.detail, found.status) == (reason, detail, 400)


def test_what_is_told_is_bounded():
    assert len(translated(fault("/name", "x" * 5000)).detail) == 400


def test_other_refusals_pass():
    for reason in (Reason.RATE_LIMITED, Reason.STATEMENT_INVALID):
        with pytest.raises(Refused) as refused, as_registration():
            raise Refused(reason)
        assert refused.value.reason is reason
    with pytest.raises(Refused) as refused, as_registration():
        raise Refused(Reason.ADMIN_REQUEST, "as it is")
    assert (refused.value.reason, refused.value.detail) == (Reason.CLIENT_METADATA, "as it is")
