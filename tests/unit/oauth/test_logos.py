import base64

import pytest

from ringfence.oauth.logos import fetch_logo, logo_at, logo_path
from ringfence.problem import Reason, Refused

URL = "https://a.example/logo.png"
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x10\x00\x00\x00\x10" + b"\x00" * 20


async def test_a_picture_is_fetched_once_and_kept(bank):
    bank.web.pages[URL] = PNG
    logo = await fetch_logo(URL, "client_x", bank.web)
    assert (logo.client_id, logo.media_type, base64.b64decode(logo.image)) == ("client_x", "image/png", PNG)
    assert await fetch_logo("", "client_x", bank.web) is None
    assert bank.web.asked == [URL]


@pytest.mark.parametrize("url", [URL, "http://a.example/logo.png", "https://10.0.0.1/logo.png", "https://localhost/"])
async def test_what_cannot_be_had_is_told_alike(bank, url):
    with pytest.raises(Refused) as refused:
        await fetch_logo(url, "client_x", bank.web)
    assert refused.value.reason is Reason.ADMIN_REQUEST
    assert refused.value.faults[0].message == "could not be fetched"


async def test_where_it_is(bank):
    assert logo_at("client_x", bank.server.profile) == "/oauth/logo/client_x"
    assert await logo_path("client_one", bank.server) == ""
