from ringfence.ids import system_random
from ringfence.oauth.pages.logout import logged_out_page, logout_page


def page(bank, **changes):
    fields = {"customer": "Mia <b>", "client": "A & B", "hidden": {"state": '"><i>'}, "token": "t", "returns_to": ""}
    return logout_page(bank.server.profile, system_random, **(fields | changes))


def test_texts_are_texts_and_ids_are_stable(bank):
    text = page(bank).body.decode()
    for one in ("logout", "stay", "logout-form", "customer", "client"):
        assert text.count(f'id="{one}"') == 1
    assert "Mia &lt;b&gt;" in text
    assert "<i>" not in text
    assert "returns-to" not in text
    assert 'id="client"' not in page(bank, client="").body.decode()


def test_where_the_form_may_lead(bank):
    def policy(returns_to: str) -> str:
        return dict(page(bank, returns_to=returns_to).headers)["content-security-policy"]

    assert "form-action 'self';" in policy("")
    assert "form-action 'self' https:;" in policy("https://a.example/bye")
    assert "form-action 'self' http://127.0.0.1:9;" in policy("http://127.0.0.1:9/bye")


def test_the_end(bank):
    assert b"You are logged out" in logged_out_page(bank.server.profile, system_random).body
