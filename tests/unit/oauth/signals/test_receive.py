import asyncio
import base64
import json

import msgspec
import pytest
from jwcrypto.jwk import JWK

from ringfence.clock import Instant
from ringfence.oauth.signals.receive import AGAIN_AFTER
from ringfence.problem import Reason
from tests.signal_transmitter import ALL, CAEP, IDP, RISC, SECRET, SSF, Transmitter


def refused(answer, err: str, status: int = 400) -> str:
    assert answer.status_code == status, answer.text
    said = answer.json()
    assert set(said) == {"err", "description"}
    assert said["err"] == err
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["content-language"] == "en"
    return said["description"]


async def test_an_event_ends_the_customers_logins_and_stands_on_record(idp):
    await idp.logged_in()
    other = await idp.logged_in("user_other") if await other_user(idp) else ""
    answer = await idp.send()
    assert (answer.status_code, answer.content) == (202, b"")
    assert await idp.logins() == []
    assert await idp.logins("user_other") == [other]
    (event,) = idp.received()
    told = (event.transmitter, event.kind, event.outcome, event.user, event.effects, event.network)
    assert told == ("idp", "session-revoked", "acts", "user_mia", ("end-logins",), "203.0.113.9")
    (ended,) = idp.bank.events.of("SessionEnded")
    assert ended.why == "session-revoked from idp"
    (state,) = await idp.bank.ports.records.transmitter_states()
    assert (state.name, state.received, state.heard_at, state.refused) == ("idp", 1, idp.bank.clock.now, 0)


async def other_user(idp) -> bool:
    user = await idp.bank.ports.records.user("user_mia")
    await idp.bank.ports.records.add_user(msgspec.structs.replace(user, user_id="user_other", username="other"))
    return True


async def test_of_many_who_bring_the_same_event_one_has_it_done(idp):
    await idp.logged_in()
    token = idp.signed(idp.claims())
    answers = await asyncio.gather(*(idp.post(token) for _ in range(8)))
    assert [answer.status_code for answer in answers] == [202] * 8
    assert len(idp.received()) == len(idp.bank.events.of("SessionEnded")) == 1


async def test_a_replay_does_nothing_to_who_has_logged_in_since(idp):
    await idp.logged_in()
    token = idp.signed(idp.claims())
    await idp.post(token)
    idp.bank.clock.forward(1)
    later = await idp.logged_in()
    assert (await idp.post(token)).status_code == 202
    assert await idp.logins() == [later]
    # another event of the same jti is the same event, whatever it says
    assert (await idp.send(jti=f"jti-{idp.number}", iat=int(idp.bank.clock.now) - 1)).status_code == 202
    assert await idp.logins() == [later]


async def test_what_is_allowed_is_done_and_nothing_more(idp):
    grant = await idp.granted("g1")
    await idp.logged_in()
    await idp.send(f"{CAEP}credential-change")
    assert len(await idp.logins()) == 1
    assert idp.received()[-1].outcome == "noted"
    await idp.send()
    assert await idp.grants() == [grant]
    assert not await idp.stepped_up()
    await idp.send(f"{RISC}credential-compromise")
    assert await idp.grants() == []
    assert await idp.stepped_up()
    assert idp.received()[-1].effects == tuple(ALL)
    for kind in (
        f"{CAEP}session-established",
        f"{RISC}account-disabled",
        f"{RISC}session-revoked",
        "x",
        "session-revoked",
    ):
        refused(await idp.send(kind), "access_denied")
    assert len(idp.received()) == 3


@pytest.mark.parametrize(
    ("kind", "details", "outcome"),
    [
        ("assurance-level-change", {"change_direction": "increase"}, "harmless"),
        ("assurance-level-change", {"change_direction": "decrease"}, "acts"),
        ("assurance-level-change", {}, "acts"),
        ("device-compliance-change", {"current_status": "compliant"}, "harmless"),
        ("device-compliance-change", {"current_status": "not-compliant"}, "acts"),
        ("risk-level-change", {"current_level": "LOW"}, "harmless"),
        ("risk-level-change", {"current_level": ["LOW"]}, "acts"),
        ("token-claims-change", {"claims": {"role": "x"}}, "acts"),
    ],
)
async def test_good_news_calls_for_nothing(idp, kind, details, outcome):
    idp.believed(events={kind: ["end-logins"]})
    await idp.logged_in()
    assert (await idp.send(events={CAEP + kind: details})).status_code == 202
    assert idp.received()[0].outcome == outcome
    assert len(await idp.logins()) == (outcome == "harmless")


@pytest.mark.parametrize(
    ("changes", "err"),
    [
        ({"iss": "https://other.example"}, "invalid_issuer"),
        ({"iss": f"{IDP}/"}, "invalid_issuer"),
        ({"iss": None}, "invalid_request"),
        ({"iss": [IDP]}, "invalid_request"),
        ({"aud": "https://other.example"}, "invalid_audience"),
        ({"aud": None}, "invalid_audience"),
        ({"aud": ["a", "b"]}, "invalid_audience"),
        ({"aud": {"https://bank.example/signals": 1}}, "invalid_audience"),
        ({"sub": "user_mia"}, "invalid_request"),
        ({"exp": 9_999_999_999}, "invalid_request"),
        ({"nonce": "n"}, "invalid_request"),
        ({"jti": None}, "invalid_request"),
        ({"jti": ""}, "invalid_request"),
        ({"jti": 7}, "invalid_request"),
        ({"jti": "x" * 256}, "invalid_request"),
        ({"iat": None}, "invalid_request"),
        ({"iat": "now"}, "invalid_request"),
        ({"iat": True}, "invalid_request"),
        ({"iat": 1_800_000_000 + 3600}, "invalid_request"),
        ({"iat": 1_800_000_000 - 604_800 - 31}, "invalid_request"),
        ({"events": None}, "invalid_request"),
        ({"events": {}}, "invalid_request"),
        ({"events": {f"{CAEP}session-revoked": {}, f"{CAEP}credential-change": {}}}, "invalid_request"),
        ({"events": {f"{CAEP}session-revoked": "x"}}, "invalid_request"),
        ({"events": [f"{CAEP}session-revoked"]}, "invalid_request"),
    ],
)
async def test_claims_that_do_not_count(idp, changes, err):
    await idp.logged_in()
    refused(await idp.send(**changes), err)
    assert len(await idp.logins()) == 1
    assert idp.received() == []
    (state,) = await idp.bank.ports.records.transmitter_states()
    assert (state.received, state.refused, state.error_at) == (0, 1, idp.bank.clock.now)


@pytest.mark.parametrize("aud", [["https://bank.example/signals"], ["a", "https://bank.example/signals"]])
async def test_an_audience_among_others_is_one(idp, aud):
    assert (await idp.send(aud=aud)).status_code == 202


@pytest.mark.parametrize("typ", [None, "JWT", "jwt", "logout+jwt", "at+jwt", "secevent+jwt2", "application/json", ""])
async def test_a_token_of_another_kind(idp, typ):
    refused(await idp.post(idp.signed(idp.claims(), typ=typ)), "invalid_request")


async def test_the_long_form_of_the_type(idp):
    assert (await idp.post(idp.signed(idp.claims(), typ="application/secevent+jwt"))).status_code == 202


def part(value) -> str:
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


async def test_what_nobody_signed_or_somebody_else_did(idp):
    await idp.logged_in()
    claims, head = idp.claims(), {"alg": "none", "typ": "secevent+jwt", "kid": "idp-1"}
    stranger = JWK.generate(kty="RSA", size=2048)
    secret = JWK(kty="oct", k=part(idp.key.export_to_pem()))
    other = JWK.generate(kty="EC", crv="P-256")
    good = idp.signed(claims)
    head_of, body_of, signature = good.split(".")
    forged = [
        f"{part(head)}.{part(claims)}.",
        f"{part(head)}.{part(claims)}.{signature}",
        f"{head_of}.{part(claims | {'jti': 'new'})}.{signature}",
        f"{head_of}.{body_of}.",
        f"{head_of}.{body_of}.{part(b'x' * 256)}",
        idp.signed(claims, stranger),
        idp.signed(claims, stranger, kid="idp-2"),
        idp.signed(claims, stranger, kid=None, jwk=stranger.export_public(as_dict=True)),
        idp.signed(claims, secret, alg="HS256"),
        idp.signed(claims, other, alg="ES256"),
        idp.signed(claims, alg="PS256"),  # the key is of RS256, whatever a header says
        idp.signed(claims, crit=["b64"], b64=True),
    ]
    for token in forged:
        assert refused(await idp.post(token), (await idp.post(token)).json()["err"])
        assert (await idp.post(token)).json()["err"] in {"invalid_key", "invalid_request"}
    assert len(await idp.logins()) == 1
    assert (await idp.post(good)).status_code == 202


@pytest.mark.parametrize("body", ["", "x", "a.b", "a.b.c.d", "é.é.é", "e30.e30.e30", "x" * 20_000, "." * 9, "\x00"])
async def test_what_is_no_token(idp, body):
    refused(await idp.post(body), "invalid_request")


async def test_members_that_stand_twice_are_refused(idp):
    claims = json.dumps(idp.claims())
    twice = claims[:-1] + ', "iss": "https://idp.example"}'
    refused(await idp.post(idp.signed(twice.encode())), "invalid_request")


@pytest.mark.parametrize(
    "authorization",
    [None, "", "Bearer", "Bearer ", "Bearer wrong", SECRET, f"Basic {SECRET}", f"DPoP {SECRET}", f"Bearer {SECRET}x"],
)
async def test_who_does_not_present_the_token_learns_nothing_and_leaves_nothing(idp, authorization):
    answer = await idp.post("x", authorization=authorization)
    refused(answer, "authentication_failed")
    assert answer.headers["www-authenticate"] == "Bearer"
    assert await idp.bank.ports.records.transmitter_states() == []


async def test_a_transmitter_that_is_not_named_or_not_to_push(idp):
    refused(await idp.post("x", path="other"), "invalid_request", 404)
    idp.believed(push=None, poll={"url": "https://idp.example/poll"})
    refused(await idp.post(idp.signed(idp.claims())), "invalid_request", 404)


async def test_one_transmitters_events_are_not_anothers(bank, idp):
    """The same keys and issuer at another name have another token, and rules of their own."""
    second = Transmitter(bank)
    second.believed(issuer="https://second.example", jwks_uri="https://second.example/jwks")
    bank.web.pages["https://second.example/jwks"] = {"keys": [second.key.export_public(as_dict=True)]}
    refused(await second.post(idp.signed(idp.claims())), "invalid_issuer")
    refused(await second.post(idp.signed(idp.claims(iss="https://second.example"))), "invalid_key")
    assert (await second.post(second.signed(second.claims(iss="https://second.example")))).status_code == 202


@pytest.mark.parametrize(
    "headers", [{"content_type": "application/jwt"}, {"content_type": None}, {"content_encoding": "gzip"}]
)
async def test_how_it_is_sent(idp, headers):
    refused(await idp.post(idp.signed(idp.claims()), **headers), "invalid_request")
    refused(await idp.post(idp.signed(idp.claims()), params={"a": "1"}), "invalid_request")


async def test_a_body_of_any_size_is_answered(idp):
    answer = await idp.post("x" * 200_000)
    refused(answer, "invalid_request", 413)


async def test_a_token_file_that_is_gone_refuses_everybody_for_now(idp):
    idp.files.secrets.clear()
    refused(await idp.send(), "temporarily_unavailable", 503)


async def test_keys_that_cannot_be_fetched(idp):
    del idp.bank.web.pages[f"{IDP}/jwks"]
    refused(await idp.send(), "invalid_key")
    idp.bank.web.pages[f"{IDP}/jwks"] = {"keys": [idp.key.export_public(as_dict=True)]}
    idp.bank.clock.forward(31)
    assert (await idp.send()).status_code == 202


async def test_only_so_much_is_done_within_an_hour_and_the_rest_is_put_off(idp):
    idp.believed(acts_per_hour=2)
    for _ in range(2):
        assert (await idp.send()).status_code == 202
    token = idp.signed(idp.claims())
    answer = await idp.post(token)
    refused(answer, "temporarily_unavailable", 429)
    assert answer.headers["retry-after"] == "60"
    assert (await idp.send(f"{CAEP}credential-change")).status_code == 202  # nothing is done about it
    assert (await idp.send(subject={"format": "email", "email": "x@y.example"})).status_code == 202
    idp.bank.clock.forward(3601)
    assert (await idp.post(token)).status_code == 202


async def test_what_is_said_of_the_stream_is_kept(idp):
    await idp.send(f"{SSF}verification", {"format": "opaque", "id": "stream"})
    events = {f"{SSF}stream-updated": {"status": "paused", "reason": "night"}}
    await idp.send(events=events, subject={"format": "opaque", "id": "stream"})
    await idp.send(events={f"{SSF}stream-updated": {"status": {"a": 1}}}, subject=None)
    (state,) = await idp.bank.ports.records.transmitter_states()
    assert (state.verified_at, state.stream_status, state.received) == (idp.bank.clock.now, "paused", 3)
    assert [event.outcome for event in idp.received()] == ["noted"] * 3


async def test_effects_that_broke_off_are_due_for_another(idp, monkeypatch):
    from ringfence.oauth.signals import receive as module  # noqa: PLC0415 - to break it
    from ringfence.store.interface import Unavailable  # noqa: PLC0415 - to break it

    await idp.logged_in()
    records, now = idp.bank.ports.records, idp.bank.clock.now

    async def broken(*_args) -> None:
        raise Unavailable("gone")

    with monkeypatch.context() as patch:
        patch.setattr(module, "carry_out", broken)
        token = idp.signed(idp.claims())
        assert (await idp.post(token)).status_code == 503
    assert (await idp.post(token)).status_code == 202  # it is kept; done it will be
    assert len(await idp.logins()) == 1
    later = Instant(now + AGAIN_AFTER)
    assert await records.claim_received(now, later, 9) == []
    claimed = await asyncio.gather(*(records.claim_received(later, Instant(later + 30), 9) for _ in range(4)))
    assert sorted(len(one) for one in claimed) == [0, 0, 0, 1]


async def test_ps256_and_es256_where_the_policy_takes_them(idp):
    idp.key = JWK.generate(kty="RSA", size=2048, kid="idp-1", alg="PS256")
    idp.believed()
    assert (await idp.post(idp.signed(idp.claims(), alg="PS256"))).status_code == 202
    refused(await idp.post(idp.signed(idp.claims(), alg="RS256")), "invalid_key")
    idp.believed(algorithms=["RS256"])
    refused(await idp.post(idp.signed(idp.claims(), alg="PS256")), "invalid_key")
    idp.key = JWK.generate(kty="EC", crv="P-256", kid="idp-1")
    idp.believed(jwks={"keys": [idp.key.export_public(as_dict=True)]}, jwks_uri="")
    assert (await idp.post(idp.signed(idp.claims(), alg="ES256"))).status_code == 202


async def test_refusals_stand_in_the_event_stream_with_their_reason(idp):
    idp.believed(acts_per_hour=1)
    await idp.send()
    await idp.send()
    await idp.send(f"{RISC}account-purged")
    await idp.post("x", authorization="Bearer x")
    told = [event.reason for event in idp.bank.events.of("TokenDecided")]
    wanted = [Reason.SIGNALS_TOO_MANY, Reason.SIGNAL_DENIED, Reason.SIGNAL_AUTHENTICATION]
    assert told == [reason.value for reason in wanted]
