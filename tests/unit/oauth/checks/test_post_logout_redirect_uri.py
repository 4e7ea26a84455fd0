import msgspec
import pytest

from ringfence.oauth.checks.post_logout_redirect_uri import require_post_logout_redirect_uri
from ringfence.problem import Reason, Refused
from ringfence.store.model import Client

URI = "https://a.example/bye"
CLIENT = Client(client_id="c", name="C", created_at=1.0, post_logout_redirect_uris=(URI,))


def test_exactly_what_is_registered():
    assert require_post_logout_redirect_uri(URI, CLIENT) == URI
    assert require_post_logout_redirect_uri("", None) == ""


@pytest.mark.parametrize(
    ("uri", "client"),
    [
        (URI, None),
        (URI + "/", CLIENT),
        (URI, msgspec.structs.replace(CLIENT, post_logout_redirect_uris=())),
        (URI, msgspec.structs.replace(CLIENT, status="suspended")),
    ],
)
def test_nothing_else(uri, client):
    with pytest.raises(Refused) as refused:
        require_post_logout_redirect_uri(uri, client)
    assert refused.value.reason is Reason.REDIRECT_URI_INVALID
