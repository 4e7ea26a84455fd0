"""The one script of the pages: ours alone, and nowhere without need.  Content Security Policy level 3 §6.1."""

import re


async def test_the_script_is_ours_alone_and_stands_still(bank) -> None:
    page = await bank.browser().visit("client_one", await bank.partner.pushed_uri())
    (address,) = re.findall(r'<script src="([^"]*)" defer></script>', page.text)
    answer = await bank.browser().http.get(address)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert "immutable" in answer.headers["cache-control"]
    policy = page.answer.headers["content-security-policy"]
    assert "script-src https://bank.example/oauth/passkeys.js;" in policy
    assert "require-trusted-types-for 'script'" in policy
    assert "unsafe" not in policy


async def test_no_passkeys_where_the_issuer_is_an_address(bank) -> None:
    other = bank.with_policy(issuer="https://192.0.2.1:8443")
    page = await other.browser().follow(await other.browser().http.get("/oauth/my/grants"))
    assert page.is_login
    assert "script" not in page.text
    assert "script" not in page.answer.headers["content-security-policy"]
