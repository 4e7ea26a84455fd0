import pytest

from ringfence.oauth.signals.subjects import NOBODY, Meant, whom

ISS = {"format": "iss_sub", "iss": "https://idp.example", "sub": "idp-17"}
OURS = {"format": "iss_sub", "iss": "https://bank.example", "sub": "user_mia"}
EMAIL = {"format": "email", "email": "mia@bank.example"}
OPAQUE = {"format": "opaque", "id": "user_mia"}
ACCOUNT = {"format": "account", "uri": "acct:mia@bank.example"}


async def meant(idp, subject) -> Meant:
    return await whom(subject, idp.known, idp.server, idp.bank.clock.now)


@pytest.mark.parametrize(
    "subject",
    [
        ISS,
        OURS,
        EMAIL,
        OPAQUE,
        ACCOUNT,
        {"format": "email", "email": "mia@BANK.example"},
        {"format": "account", "uri": "acct:mia@Bank.Example"},
        {"format": "aliases", "identifiers": [ISS, EMAIL]},
        {"format": "aliases", "identifiers": [{"format": "phone_number", "phone_number": "+1"}, OPAQUE]},
        {"format": "complex", "user": EMAIL},
        {"format": "complex", "user": {"format": "aliases", "identifiers": [ISS]}},
    ],
)
async def test_who_is_found(idp, subject):
    assert await meant(idp, subject) == Meant("user_mia")


async def test_a_pairwise_sub_of_ours_is_led_back(idp):
    sub = idp.bank.ports.subjects.subject("user_mia", "sector.example")
    assert await meant(idp, OURS | {"sub": sub}) == Meant("user_mia")
    assert await meant(idp, OURS | {"sub": sub[:-2]}) == NOBODY


@pytest.mark.parametrize(
    "subject",
    [
        None,
        "user_mia",
        [],
        {},
        {"format": "iss_sub"},
        {"format": ["email"], "email": "mia@bank.example"},
        {"email": "mia@bank.example"},
        ISS | {"sub": "idp-18"},
        ISS | {"sub": ["idp-17"]},
        ISS | {"iss": "https://idp.example/"},
        ISS | {"iss": "https://bank.example"},
        OURS | {"sub": "mia"},
        EMAIL | {"email": "mia@other.example"},
        EMAIL | {"email": "MIA@bank.example"},
        EMAIL | {"email": "mia@bank.example@bank.example"},
        EMAIL | {"email": "@bank.example"},
        EMAIL | {"email": "mia"},
        EMAIL | {"email": {"a": 1}},
        EMAIL | {"email": "m\x00ia@bank.example"},
        EMAIL | {"more": 1},
        OPAQUE | {"id": "mia"},
        OPAQUE | {"id": ""},
        OPAQUE | {"id": "x" * 256},
        ACCOUNT | {"uri": "mailto:mia@bank.example"},
        ACCOUNT | {"uri": "acct:mia"},
        {"format": "phone_number", "phone_number": "+15551234"},
        {"format": "did", "url": "did:example:1"},
        {"format": "aliases"},
        {"format": "aliases", "identifiers": []},
        {"format": "aliases", "identifiers": [{"format": "aliases", "identifiers": [ISS]}]},
        {"format": "aliases", "identifiers": [EMAIL] * 11},
        {"format": "complex"},
        {"format": "complex", "user": {"format": "complex", "user": EMAIL}},
        {"format": "complex", "user": EMAIL, "device": {"format": "opaque", "id": "d"}},
        {"format": "complex", "user": EMAIL, "tenant": {"format": "opaque", "id": "t"}},
        {"format": "complex", "user": EMAIL, "unheard_of": 1},
        {
            "format": "complex",
            "user": {"format": "opaque", "id": "gone"},
            "application": {"format": "opaque", "id": "c"},
        },
        {"format": "complex", "user": EMAIL, "application": "client_one"},
        {"format": "complex", "application": {"format": "opaque", "id": "client_one"}},
        {"format": "complex", "user": EMAIL, "session": {"format": "opaque", "id": "unknown"}},
        {"format": "complex", "user": EMAIL, "session": {"format": "email", "email": "a@b.c"}},
    ],
)
async def test_what_means_nobody_is_never_widened_until_it_fits(idp, subject):
    assert await meant(idp, subject) == NOBODY


async def test_aliases_that_contradict_each_other_mean_nobody(idp):
    user = await idp.bank.ports.records.user("user_mia")
    other = {"user_id": "user_other", "username": "other"}
    await idp.bank.ports.records.add_user(type(user)(**other, password_hash="", created_at=0.0))
    aliases = {"format": "aliases", "identifiers": [EMAIL, {"format": "opaque", "id": "user_other"}]}
    assert await meant(idp, aliases) == NOBODY


async def test_what_is_narrow_stays_narrow(idp):
    sid = await idp.logged_in()
    session, client = {"format": "opaque", "id": sid}, {"format": "opaque", "id": "client_one"}
    assert await meant(idp, {"format": "complex", "session": session}) == Meant("user_mia", sid)
    both = {"format": "complex", "user": EMAIL, "session": session, "application": client}
    assert await meant(idp, both) == Meant("user_mia", sid, "client_one")
    about = {"format": "complex", "user": EMAIL, "application": client}
    assert await meant(idp, about) == Meant("user_mia", client="client_one")
    user = await idp.bank.ports.records.user("user_mia")
    other = type(user)(user_id="user_other", username="other", password_hash="", created_at=0.0)
    await idp.bank.ports.records.add_user(other)
    wrong = {"format": "complex", "user": {"format": "opaque", "id": "user_other"}, "session": session}
    assert await meant(idp, wrong) == NOBODY
    idp.believed(sessions="off")
    assert await meant(idp, {"format": "complex", "session": session}) == NOBODY


async def test_members_that_make_no_difference_are_named(idp):
    idp.believed(passes_over=["device", "tenant"])
    device = {"format": "complex", "user": EMAIL, "device": {"format": "opaque", "id": "d"}}
    assert await meant(idp, device) == Meant("user_mia")
    assert await meant(idp, device | {"group": {}}) == NOBODY
