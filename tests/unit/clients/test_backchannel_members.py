import pytest

from ringfence.clients.backchannel_members import CIBA, require_backchannel_members
from ringfence.problem import Reason, Refused
from ringfence.store.model import Client

GOOD = {
    "client_id": "c",
    "name": "C",
    "created_at": 1.0,
    "grant_types": ("authorization_code", CIBA),
    "backchannel_token_delivery_mode": "ping",
    "backchannel_client_notification_endpoint": "https://a.example/ping",
    "backchannel_logout_uri": "https://a.example/out",
    "backchannel_logout_session_required": True,
    "post_logout_redirect_uris": ("https://a.example/bye",),
}


def test_what_goes_together():
    require_backchannel_members(Client(**GOOD))
    require_backchannel_members(Client(client_id="c", name="C", created_at=1.0))


@pytest.mark.parametrize(
    ("changes", "at"),
    [
        ({"backchannel_token_delivery_mode": "push"}, "/backchannel_token_delivery_mode"),
        ({"backchannel_token_delivery_mode": ""}, "/backchannel_token_delivery_mode"),
        ({"grant_types": ("authorization_code",)}, "/backchannel_token_delivery_mode"),
        ({"backchannel_token_delivery_mode": "poll"}, "/backchannel_client_notification_endpoint"),
        ({"backchannel_client_notification_endpoint": ""}, "/backchannel_client_notification_endpoint"),
        *(
            ({"backchannel_client_notification_endpoint": url}, "/backchannel_client_notification_endpoint")
            for url in (
                "http://a.example/",
                "https://127.0.0.1/",
                "https://[::1]/",
                "https://u@a.example/",
                "https://x",
            )
        ),
        ({"backchannel_logout_uri": "https://2130706433/"}, "/backchannel_logout_uri"),
        ({"backchannel_logout_uri": "https://a.example/#x"}, "/backchannel_logout_uri"),
        ({"backchannel_logout_uri": ""}, "/backchannel_logout_session_required"),
        ({"post_logout_redirect_uris": ("https://a.example/",) * 2}, "/post_logout_redirect_uris"),
        (
            {"post_logout_redirect_uris": tuple(f"https://a.example/{n}" for n in range(21))},
            "/post_logout_redirect_uris",
        ),
        ({"grant_types": (CIBA,)}, "/post_logout_redirect_uris"),
    ],
)
def test_what_does_not(changes, at):
    with pytest.raises(Refused) as refused:
        require_backchannel_members(Client(**(GOOD | changes)))
    assert (refused.value.reason, refused.value.faults[0].at) == (Reason.ADMIN_REQUEST, at)
