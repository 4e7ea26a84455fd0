import pytest

from ringfence.clock import Instant
from ringfence.oauth.checks.signed_request import require_signed
from ringfence.problem import Reason, Refused
from ringfence.store.model import Client

ANY = Client(client_id="c", name="C", created_at=Instant(1.0))
SIGNING = Client(client_id="c", name="C", require_signed_request_object=True, created_at=Instant(1.0))


def test_a_request_object_is_found():
    assert require_signed({"request": "a.b.c"}, ANY) == "a.b.c"
    assert require_signed({"request": "a.b.c"}, SIGNING) == "a.b.c"
    assert require_signed({"scope": "a"}, ANY) == ""


@pytest.mark.parametrize(
    ("parameters", "client"),
    [({"scope": "a"}, SIGNING), ({"request_uri": "urn:x"}, ANY), ({"request": "a.b.c", "request_uri": "u"}, ANY)],
)
def test_what_is_refused(parameters, client):
    with pytest.raises(Refused) as caught:
        require_signed(parameters, client)
    assert caught.value.reason is Reason.OAUTH_REQUEST
