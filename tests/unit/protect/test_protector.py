"""What is done to documents, and that what was moved, changed or is another's opens nowhere."""

import asyncio
import base64
import statistics
from decimal import Decimal
from typing import Any

import pytest

from ringfence.clock import monotonic_seconds
from ringfence.events.protection import FieldsRevealed
from ringfence.policy.protection_model import ProtectedField
from ringfence.protect.envelope import Unopenable
from ringfence.protect.spots import Misfit
from ringfence.protect.whom import Whom
from ringfence.store.interface import Unavailable
from tests.field_keys import Fields, field, whom

PAN = "4111111111111111"
IBAN = "GB29NWBK60161331926819"


async def applied(fields: Fields, document: Any, *rules: ProtectedField, who: Whom | None = None) -> Any:
    await fields.protector.apply(document, rules, who or whom(), to="upstream")
    return document


@pytest.mark.parametrize("mode", ["encrypt", "deterministic"])
@pytest.mark.parametrize("value", [IBAN, "", 12, Decimal("1.50"), True, {"a": [1, None]}, ["x"]])
async def test_what_is_encrypted_comes_back_exactly(fields: Fields, mode: str, value: Any) -> None:
    sealed = await applied(fields, {"to": {"iban": value}, "other": 1}, field("/to/iban", mode))
    assert sealed["other"] == 1
    assert sealed["to"]["iban"].startswith("rf1.")
    assert IBAN not in str(sealed)
    back = await applied(fields, sealed, field("/to/iban", "open"))
    assert (back["to"]["iban"], str(back["to"]["iban"])) == (value, str(value))


async def test_equality_shows_in_deterministic_fields_only(fields: Fields) -> None:
    equal = (await applied(fields, {"a": [IBAN, IBAN, "DE02"]}, field("/a/*", "deterministic")))["a"]
    assert equal[0] == equal[1] != equal[2]
    random = (await applied(fields, {"a": [IBAN, IBAN]}, field("/a/*", "encrypt")))["a"]
    assert random[0] != random[1]


async def test_a_value_opens_under_its_own_names_only(fields: Fields) -> None:
    for mode in ("encrypt", "deterministic"):
        sealed = (await applied(fields, {"iban": IBAN}, field("/iban", mode)))["iban"]
        wrong = [
            (field("/iban", "open", field="/other"), whom()),
            (field("/iban", "open", resource="bank/read"), whom()),
            (field("/iban", "open", revision=2), whom()),
            (field("/iban", "open", tenant="user"), whom()),
            (field("/iban", "open", tenant="shared"), whom()),
            (field("/iban", "open"), whom(client="client_b")),
        ]
        for rule, who in wrong:
            with pytest.raises(Unopenable):
                await applied(fields, {"iban": sealed}, rule, who=who)
        elsewhere = field("/data/account", "open", resource="bank/pay", field="/iban")
        assert (await applied(fields, {"data": {"account": sealed}}, elsewhere))["data"]["account"] == IBAN


async def test_of_a_customer_or_of_everybody(fields: Fields) -> None:
    for tenant, other, opens in (
        ("user", whom(client="client_b"), True),
        ("user", whom(user="user_b"), False),
        ("shared", whom(client="client_b", user="user_b"), True),
    ):
        sealed = (await applied(fields, {"a": IBAN}, field("/a", "encrypt", tenant=tenant)))["a"]
        opening = applied(fields, {"a": sealed}, field("/a", "open", tenant=tenant), who=other)
        if opens:
            assert (await opening)["a"] == IBAN
        else:
            with pytest.raises(Unopenable):
                await opening


async def test_all_that_is_wrong_is_one_error_in_one_class_of_time(fields: Fields) -> None:
    """Told by the middle of many tries: nothing is tried before the rest has been looked at."""
    rule = field("/a", "open")
    sealed = (await applied(fields, {"a": IBAN}, field("/a", "encrypt")))["a"]
    other_field = (await applied(fields, {"a": IBAN}, field("/a", "encrypt", field="/b")))["a"]
    other_tenant = (await applied(fields, {"a": IBAN}, field("/a", "encrypt"), who=whom(client="client_b")))["a"]
    equal = (await applied(fields, {"a": IBAN}, field("/a", "deterministic", field="/c")))["a"]
    at = len(sealed) - 10
    wrong = {
        "bit": sealed[:at] + ("A" if sealed[at] != "A" else "B") + sealed[at + 1 :],
        "field": other_field,
        "tenant": other_tenant,
        "tag": sealed[:-8],
        "version": _of_version(sealed, 9),
        "none": "rf1.AAAA",
        "equal": equal,
    }
    await applied(fields, {"a": sealed}, rule)
    times: dict[str, list[float]] = {name: [] for name in wrong}
    for _ in range(41):
        for name, value in wrong.items():  # in turns, so that whatever else the machine does falls on all alike
            started = monotonic_seconds()
            with pytest.raises(Unopenable) as failed:
                await applied(fields, {"a": value}, rule)
            times[name].append(monotonic_seconds() - started)
            assert str(failed.value) == ""
    middles = {name: statistics.median(taken) for name, taken in times.items()}
    assert max(middles.values()) < 3 * min(middles.values()), middles


def _of_version(text: str, version: int) -> str:
    body = text.removeprefix("rf1.")
    raw = bytearray(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    at = 3 + raw[2] + 1 + raw[3 + raw[2]]
    raw[at : at + 4] = version.to_bytes(4, "big")
    return "rf1." + base64.urlsafe_b64encode(bytes(raw)).rstrip(b"=").decode()


async def test_what_was_never_protected_is_refused_unless_the_policy_lets_it_pass(fields: Fields) -> None:
    for value in (IBAN, 12, None):
        if value is not None:
            with pytest.raises(Unopenable):
                await applied(fields, {"a": value}, field("/a", "open"))
        assert (await applied(fields, {"a": value}, field("/a", "open", plain="pass")))["a"] == value
    with pytest.raises(Unopenable):
        await applied(fields, {"a": "rf1.AAAA"}, field("/a", "open", plain="pass"))
    assert (await applied(fields, {"a": PAN}, field("/a", "detokenise", plain="pass")))["a"] == PAN


async def test_tokens_go_and_come_back_and_each_coming_back_is_on_record(fields: Fields) -> None:
    document = {"cards": [{"pan": PAN}, {"pan": "4222222222222220"}, {}]}
    tokens = await applied(fields, document, field("/cards/*/pan", "tokenise", form="last4"))
    assert "4111111111111111" not in str(tokens)
    assert fields.events == []
    back = await applied(fields, tokens, field("/cards/*/pan", "detokenise"))
    assert [card.get("pan") for card in back["cards"]] == [PAN, "4222222222222220", None]
    (event,) = fields.events
    assert isinstance(event, FieldsRevealed)
    assert (event.count, event.to, event.client, event.user, event.resource) == (
        2,
        "upstream",
        "client_a",
        "user_a",
        "bank/pay",
    )
    assert PAN not in str(event)


async def test_without_the_scope_a_token_stays_a_token(fields: Fields) -> None:
    token = (await applied(fields, {"pan": PAN}, field("/pan", "tokenise")))["pan"]
    kept = await applied(fields, {"pan": token}, field("/pan", "detokenise", clear_for=("cards",)))
    assert kept["pan"] == token
    assert fields.events == []


async def test_what_cannot_go_on_record_is_not_revealed(fields: Fields) -> None:
    document = await applied(fields, {"pan": PAN}, field("/pan", "tokenise"))

    def full(_: object) -> None:
        raise Unavailable("journal full")

    fields.protector._emit = full
    with pytest.raises(Unavailable):
        await applied(fields, document, field("/pan", "detokenise"))
    assert document["pan"] != PAN


async def test_masks_show_the_ends_to_those_without_the_scope(fields: Fields) -> None:
    rule = field("/pan", "mask", on="answer", keep_first=8, clear_for=("cards",))
    assert (await applied(fields, {"pan": PAN}, rule))["pan"] == "41111111****1111"
    assert (await applied(fields, {"pan": PAN}, rule, who=whom(scopes=frozenset({"cards"}))))["pan"] == PAN


async def test_a_blind_index_stands_beside_and_is_ours_alone(fields: Fields) -> None:
    rules = field("/to/iban", "blind_index", bits=32), field("/to/iban", "encrypt")
    one = await applied(fields, {"to": {"iban": "GB29 NWBK"}}, *rules)
    other = await applied(fields, {"to": {"iban": "gb29nwbk", "iban_index": "theirs"}}, *rules)
    assert one["to"]["iban_index"] == other["to"]["iban_index"] != "theirs"
    assert len(one["to"]["iban_index"]) == 8
    assert "NWBK" not in str(one)
    assert await applied(fields, {"to": {"iban_index": "theirs"}}, *rules) == {"to": {}}
    another = await applied(fields, {"to": {"iban": "GB29 NWBK"}}, *rules, who=whom(client="client_b"))
    assert another["to"]["iban_index"] != one["to"]["iban_index"]


@pytest.mark.parametrize("mode", ["encrypt", "deterministic", "tokenise", "mask", "blind_index"])
async def test_where_the_field_could_stand_elsewhere_nothing_passes(fields: Fields, mode: str) -> None:
    for document in ({"to": [{"iban": IBAN}]}, {"to": IBAN}, [{"to": {"iban": IBAN}}], IBAN):
        with pytest.raises(Misfit):
            await applied(fields, document, field("/to/iban", mode))
    for document in ({"to": None}, {}, {"to": {"iban": None}}, None):
        before = str(document)
        assert str(await applied(fields, document, field("/to/iban", mode))) == before


@pytest.mark.parametrize("mode", ["tokenise", "mask", "blind_index"])
async def test_what_is_no_text_is_not_taken_for_one(fields: Fields, mode: str) -> None:
    for value in (4111111111111111, {"pan": PAN}, [PAN], True):
        with pytest.raises(Misfit):
            await applied(fields, {"pan": value}, field("/pan", mode))


async def test_where_it_cannot_be_reached_what_is_closed_stays_closed(fields: Fields) -> None:
    assert await applied(fields, {"to": [1]}, field("/to/iban", "open")) == {"to": [1]}
    with pytest.raises(Unopenable):
        await applied(fields, {"pan": [PAN]}, field("/pan", "detokenise"))


async def test_ready_says_so_before_anything_is_taken_and_needs_no_signer_while_keys_are_held(fields: Fields) -> None:
    rules = [
        field("/a", "encrypt"),
        field("/b", "deterministic"),
        field("/c", "tokenise", same_token=True),
        field("/d", "blind_index"),
        field("/e", "mask"),
        field("/a", "open", on="answer"),
        field("/c", "detokenise", on="answer"),
    ]
    await fields.protector.ready(rules, whom(), answers=True)
    fields.signer.gone = True
    document = {"a": "1", "b": "2", "c": "3", "d": "4"}
    await fields.protector.apply(document, rules[:5], whom(), to="upstream")
    kept = await fields.protector.seal_answer(b"{}", whom(), b"key")
    assert await fields.protector.open_answer(kept, whom(), b"key") == b"{}"
    fields.clock.now += 301
    with pytest.raises(Unavailable):
        await fields.protector.ready(rules, whom(), answers=False)
    with pytest.raises(Unavailable):
        await fields.protector.apply({"a": "1"}, rules[:1], whom(), to="upstream")


async def test_a_kept_answer_opens_for_its_client_and_key_only(fields: Fields) -> None:
    kept = await fields.protector.seal_answer(IBAN.encode(), whom(), b"key")
    assert IBAN.encode() not in kept
    for who, key in ((whom(), b"other"), (whom(client="client_b"), b"key")):
        with pytest.raises(Unopenable):
            await fields.protector.open_answer(kept, who, key)


async def test_many_calls_at_once_mix_nothing_up(fields: Fields) -> None:
    async def one(number: int) -> None:
        who, value = whom(client=f"client_{number % 5}"), f"value {number}"
        document = await applied(
            fields, {"a": value, "b": value}, field("/a", "encrypt"), field("/b", "tokenise"), who=who
        )
        back = await applied(fields, document, field("/a", "open"), field("/b", "detokenise"), who=who)
        assert back == {"a": value, "b": value}

    await asyncio.gather(*(one(number) for number in range(60)))


async def test_a_list_of_tokens_has_a_bound(fields: Fields) -> None:
    with pytest.raises(Misfit):
        await applied(fields, {"a": ["x"] * 201}, field("/a/*", "tokenise"))
    with pytest.raises(Unopenable):
        await applied(fields, {"a": ["x"] * 201}, field("/a/*", "detokenise"))
    tokens = await applied(fields, {"a": ["x"] * 200}, field("/a/*", "tokenise"))
    assert len(set(tokens["a"])) == 200
