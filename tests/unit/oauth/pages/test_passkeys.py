from ringfence.ids import system_random
from ringfence.oauth.pages.passkeys import PasskeyShown, codes_page, passkeys_page, remove_last_page

ONE = PasskeyShown("cred", "m1", "A <b>", "made", "", backed_up=True)
TOKENS = dict.fromkeys(("MY_PASSKEY_ADD", "MY_PASSKEY_NAME", "MY_PASSKEY_REMOVE", "MY_RECOVERY"), "t")


def page(bank, passkeys, **changes) -> str:
    given = {"asked": None, "suggested": "Laptop", "codes_left": 1, "has_app": False, "tokens": TOKENS, "refused": None}
    return passkeys_page(bank.server.profile, system_random, passkeys=passkeys, **(given | changes)).body.decode()


def test_each_passkey_has_its_forms_and_stable_ids(bank):
    text = page(bank, [ONE])
    for one in ("passkey-m1-remove", "passkey-m1-rename", "passkey-m1-new-name", "recovery-renew"):
        assert text.count(f'id="{one}"') == 1
    assert "A &lt;b&gt;" in text
    assert "1 code is left." in text
    assert "not yet" in text


def test_who_has_nothing_has_no_codes(bank):
    assert 'id="recovery-form"' not in page(bank, [])
    assert 'id="recovery-form"' in page(bank, [], has_app=True)


def test_the_word_before_the_last_one_goes(bank):
    text = remove_last_page(bank.server.profile, system_random, "cred", "A <b>", "t").body.decode()
    assert "password alone" in text
    assert "A &lt;b&gt;" in text


def test_codes_stand_on_a_page_without_a_form(bank):
    response = codes_page(bank.server.profile, system_random, ("aaaa-bbbb",), added=True)
    assert "form-action 'none'" in dict(response.headers)["content-security-policy"]
    assert "<li><code>aaaa-bbbb</code></li>" in response.body.decode()
