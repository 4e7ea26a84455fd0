from urllib.parse import parse_qs, urlencode

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

from ringfence.demo.partner import ASSERTION_TYPE, Partner, Registration, Unexpected, discover
from ringfence.ids import system_random

ISSUER = "https://bank.example"
BACK = "https://partner.example/callback"
KEY, DPOP_KEY = ECKey.generate_key("P-256"), ECKey.generate_key("P-256")
METADATA = {
    "issuer": ISSUER,
    "pushed_authorization_request_endpoint": f"{ISSUER}/par",
    "authorization_endpoint": f"{ISSUER}/authorize",
    "token_endpoint": f"{ISSUER}/token",
    "revocation_endpoint": f"{ISSUER}/revoke",
    "jwks_uri": f"{ISSUER}/jwks",
}
TOKENS = {"access_token": "at", "refresh_token": "rt", "token_type": "DPoP", "expires_in": 300, "scope": "a b"}


class Bank:
    def __init__(self, tokens=TOKENS, issuer=ISSUER):
        self.seen: list[httpx.Request] = []
        self.tokens, self.issuer = tokens, issuer

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(request)
        match request.url.path:
            case "/.well-known/oauth-authorization-server":
                return httpx.Response(200, json=METADATA | {"issuer": self.issuer})
            case "/par":
                return httpx.Response(201, json={"request_uri": "urn:x", "expires_in": 90})
            case "/token":
                return httpx.Response(200, json=self.tokens)
        return httpx.Response(400, json={"error": "invalid_request"})

    def form(self, number=-1):
        return {name: values[0] for name, values in parse_qs(self.seen[number].content.decode()).items()}


def partner(bank, now):
    http = httpx.Client(transport=httpx.MockTransport(bank))
    registration = Registration("P", "client-1", BACK, ("a", "b"), KEY, DPOP_KEY)
    return Partner(registration, discover(http, ISSUER), http, lambda: now, system_random)


def test_the_pushed_request_is_authenticated_and_proved(now):
    bank = Bank()
    p = partner(bank, now)
    pushed = p.push(("a", "b"))
    form = bank.form()
    assert form["client_assertion_type"] == ASSERTION_TYPE
    claims = jwt.decode(form["client_assertion"], KEY, algorithms=["ES256"]).claims
    assert (claims["iss"], claims["sub"], claims["aud"]) == ("client-1", "client-1", ISSUER)
    assert claims["exp"] > now
    assert form["code_challenge_method"] == "S256"
    assert form["scope"] == "a b"
    proof = jwt.decode(bank.seen[-1].headers["dpop"], DPOP_KEY, algorithms=["ES256"]).claims
    assert (proof["htm"], proof["htu"]) == ("POST", f"{ISSUER}/par")
    assert p.authorization_url(pushed) == f"{ISSUER}/authorize?client_id=client-1&request_uri=urn%3Ax"


def test_the_code_is_redeemed_with_its_verifier(now):
    bank = Bank()
    p = partner(bank, now)
    pushed = p.push(("a",))
    tokens = p.redeem(f"{BACK}?{urlencode({'code': 'c', 'state': pushed.state, 'iss': ISSUER})}", pushed)
    assert (bank.form()["code"], bank.form()["code_verifier"]) == ("c", pushed.verifier)
    assert (tokens.access_token, tokens.scopes) == ("at", ("a", "b"))
    assert p.refresh(tokens).refresh_token == "rt"


@pytest.mark.parametrize(
    "changed",
    [{"state": "other"}, {"iss": "https://evil.example"}, {"iss": None}, {"code": None, "error": "access_denied"}],
)
def test_an_answer_to_somebody_else_is_not_redeemed(now, changed):
    bank = Bank()
    p = partner(bank, now)
    pushed = p.push(("a",))
    answer = {"code": "c", "state": pushed.state, "iss": ISSUER} | changed
    sent = len(bank.seen)
    with pytest.raises(Unexpected):
        p.redeem(f"{BACK}?{urlencode({n: v for n, v in answer.items() if v})}", pushed)
    with pytest.raises(Unexpected):
        p.redeem(
            f"https://partner.example/callback2?{urlencode({'code': 'c', 'state': pushed.state, 'iss': ISSUER})}",
            pushed,
        )
    assert len(bank.seen) == sent


def test_an_unbound_token_is_not_taken(now):
    bank = Bank(TOKENS | {"token_type": "Bearer"})
    p = partner(bank, now)
    pushed = p.push(("a",))
    with pytest.raises(Unexpected, match="Bearer"):
        p.redeem(f"{BACK}?{urlencode({'code': 'c', 'state': pushed.state, 'iss': ISSUER})}", pushed)


def test_metadata_of_another_issuer_is_not_taken(now):
    with pytest.raises(Unexpected, match="evil"):
        partner(Bank(issuer="https://evil.example"), now)


def test_an_error_is_told_with_its_place(now):
    bank = Bank()
    p = partner(bank, now)
    with pytest.raises(Unexpected, match="POST /nowhere answered 400"):
        p._post(f"{ISSUER}/nowhere", {}, 200)
