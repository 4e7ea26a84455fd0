from ringfence.oauth.pages.passkey_form import SCRIPT, script_path, script_response, script_source


def test_the_policy_names_one_address_and_the_page_its_version(bank):
    source = script_source(bank.server.profile)
    assert source == "https://bank.example/oauth/passkeys.js"
    assert script_path(bank.server.profile).startswith("/oauth/passkeys.js?")


def test_the_script_needs_nothing_that_the_policy_forbids():
    for forbidden in (b"innerHTML", b"eval(", b"fetch(", b"http:", b"https:", b"document.write", b"localStorage"):
        assert forbidden not in SCRIPT


def test_the_script_is_kept_by_browsers_and_read_by_nobody_else():
    headers = dict(script_response().headers)
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert headers["x-content-type-options"] == "nosniff"
