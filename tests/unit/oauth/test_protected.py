"""The proof and certificate cases stand in test_userinfo.py, which goes the same way."""

import pytest


@pytest.mark.parametrize(
    ("headers", "query", "code"),
    [
        ({}, "", 401),
        ({"authorization": "DPoP a.b.c"}, "", 401),
        ({"authorization": "Basic eDp5"}, "", 401),
        ({}, "?access_token=a.b.c", 400),
    ],
)
async def test_what_is_no_token_opens_nothing(bank, headers, query, code):
    for path in ("/oauth/userinfo", "/oauth/grants/grant_x"):
        answer = await bank.http.get(path + query, headers=headers)
        assert answer.status_code == code
