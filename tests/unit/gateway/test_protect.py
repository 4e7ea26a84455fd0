"""Fields on their way through the whole chain, with a real keeper, real records and a real file of idempotency keys."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from calls import json_body, limited, operation, request, validator
from world import HEADER, OnlyA, World

from ringfence.gateway.gradient import Gradient
from ringfence.gateway.ports import NoProtection
from ringfence.gateway.protect import protect
from ringfence.gateway.stages import Constrained, Screened, Spent, Valid
from ringfence.message import Response
from ringfence.policy.operations import Content, DeclaredResponse
from ringfence.policy.responses_model import Responses
from ringfence.policy.rules_model import Facts, Idempotency, Rule
from ringfence.store.interface import Unavailable
from tests.field_keys import Fields, field, open_fields, whom

PAN = "4111111111111111"
SCHEMA = {"type": "object", "properties": {"pan": {"type": "string"}, "amount": {"type": "string"}}}
JSON = (("content-type", "application/json"),)


@pytest.fixture
async def fields(tmp_path: Path) -> AsyncIterator[Fields]:
    opened = await open_fields(tmp_path)
    yield opened
    await opened.records.close()


def world_of(tmp_path: Path, fields: Fields, *protected: Any, **more: Any) -> World:
    made = World(tmp_path, method="POST", bodies=json_body(SCHEMA), protected=protected, **more)
    made.gateway._ports = msgspec.structs.replace(made.gateway._ports, protection=fields.protector)
    return made


async def post(world: World, body: Any, *headers: tuple[str, str], **token: Any) -> Response:
    token = world.caller.token(world.now, **token)
    asked = world.request("POST", headers=(*JSON, *headers), token=token)
    asked = msgspec.structs.replace(asked, correlation=f"{len(world.recorder.events)}-{id(asked)}")
    return await world.call(asked, msgspec.json.encode(body))


def told(response: Response) -> str:
    return str(msgspec.json.decode(response.body)["type"]).rpartition(":")[2]


def sent(world: World, number: int = -1) -> Any:
    return msgspec.json.decode(world.upstream.sent[number][3])


def files_with(directory: Path, text: bytes) -> list[Path]:
    return [path for path in directory.iterdir() if path.is_file() and text in path.read_bytes()]


def answers(world: World, body: Any, status: int = 200, headers: Any = JSON) -> None:
    world.upstream.answer = Response(status, headers, body if isinstance(body, bytes) else msgspec.json.encode(body))


async def test_the_api_sees_an_envelope_and_the_partner_the_value(tmp_path: Path, fields: Fields) -> None:
    world = world_of(tmp_path, fields, field("/pan", "encrypt"), field("/card/pan", "open", "answer", field="/pan"))
    await post(world, {"pan": PAN, "amount": "1.00"})
    seen = sent(world)
    assert seen["pan"].startswith("rf1.")
    assert seen["amount"] == "1.00"
    answers(world, {"card": {"pan": seen["pan"]}})
    response = await post(world, {"pan": PAN})
    assert msgspec.json.decode(response.body) == {"card": {"pan": PAN}}
    assert PAN not in str(world.upstream.sent)
    assert PAN not in str(world.recorder.events)


async def test_rules_and_screening_read_the_value_before_it_is_protected(tmp_path: Path, fields: Fields) -> None:
    rules = (msgspec.convert({"name": "small", "amount": {"GBP": {"at_most": "5.00"}}}, Rule),)
    demands = {"rules": rules, "facts": Facts(amount="/amount", currency="header.x")}
    world = world_of(tmp_path, fields, field("/amount", "encrypt"), demands=demands, parameters=(HEADER,))
    assert (await post(world, {"amount": "4.00"}, ("x", "GBP"))).status == 200
    assert sent(world)["amount"].startswith("rf1.")
    assert told(await post(world, {"amount": "6.00"}, ("x", "GBP"))) == "amount-out-of-bounds"


async def test_what_was_about_the_body_that_came_does_not_go_on(tmp_path: Path, fields: Fields) -> None:
    about = [(name, "x") for name in ("content-digest", "signature", "signature-input", "x-jws-signature")]
    world = world_of(tmp_path, fields, field("/pan", "encrypt"))
    await post(world, {"pan": PAN}, *about, ("x-other", "y"))
    headers = dict(world.upstream.sent[0][2])
    assert not {name for name, _ in about} & headers.keys()
    assert headers["x-other"] == "y"
    plain = world_of(tmp_path / "plain", fields)
    await post(plain, {"pan": PAN}, *about)
    assert {name for name, _ in about} <= dict(plain.upstream.sent[0][2]).keys()


async def test_without_keys_nothing_is_sent_and_nothing_taken(tmp_path: Path, fields: Fields) -> None:
    demands = {"idempotency": Idempotency(header="idempotency-key")}
    world = world_of(tmp_path, fields, field("/pan", "encrypt"), demands=demands)
    fields.signer.gone = True
    response = await post(world, {"pan": PAN}, ("idempotency-key", "k1"))
    assert (response.status, told(response), world.upstream.sent) == (503, "unavailable", [])
    fields.signer.gone = False
    assert (await post(world, {"pan": PAN}, ("idempotency-key", "k1"))).status == 200
    fields.signer.gone = True
    fields.clock.now += 299
    assert (await post(world, {"pan": PAN}, ("idempotency-key", "k2"))).status == 200
    fields.clock.now += 2
    assert (await post(world, {"pan": PAN}, ("idempotency-key", "k3"))).status == 503
    assert len(world.upstream.sent) == 2
    assert PAN not in str(world.upstream.sent)


async def test_keys_that_are_gone_at_the_last_moment_leave_the_call_unmade(tmp_path: Path, fields: Fields) -> None:
    """Everything that was taken is given back, so the same key makes the call later."""

    class Leaving(type(fields.protector)):  # type: ignore[misc]  # its class
        async def apply(self, *_: Any, **__: Any) -> None:
            raise Unavailable("signer gone")

    demands = {"idempotency": Idempotency(header="idempotency-key")}
    world = world_of(tmp_path, fields, field("/pan", "encrypt"), demands=demands)
    fields.protector.__class__ = Leaving
    response = await post(world, {"pan": PAN}, ("idempotency-key", "k1"))
    assert (response.status, world.upstream.sent, dict(response.headers)["retry-after"]) == (503, [], "1")
    fields.protector.__class__ = Leaving.__mro__[1]
    assert (await post(world, {"pan": PAN}, ("idempotency-key", "k1"))).status == 200


async def test_who_leaves_while_fields_are_protected_has_sent_nothing(tmp_path: Path, fields: Fields) -> None:
    """Sums and key are free again: no byte went out."""
    reached = asyncio.Event()

    class Slow(type(fields.protector)):  # type: ignore[misc]  # its class
        async def apply(self, *_: Any, **__: Any) -> None:
            reached.set()
            await asyncio.sleep(30)

    demands = {"idempotency": Idempotency(header="idempotency-key")}
    world = world_of(tmp_path, fields, field("/pan", "encrypt"), demands=demands)
    fields.protector.__class__ = Slow
    leaving = asyncio.create_task(post(world, {"pan": PAN}, ("idempotency-key", "k1")))
    await reached.wait()
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving
    fields.protector.__class__ = Slow.__mro__[1]
    assert (await post(world, {"pan": PAN}, ("idempotency-key", "k1"))).status == 200
    assert len(world.upstream.sent) == 1


async def test_the_signers_time_is_not_taken_for_the_upstreams(
    tmp_path: Path, fields: Fields, monkeypatch: pytest.MonkeyPatch
) -> None:
    took: list[float] = []
    monkeypatch.setattr(Gradient, "answered", lambda _self, _name, seconds, *_: took.append(seconds))

    class Slow(type(fields.protector)):  # type: ignore[misc]  # its class
        async def apply(self, *given: Any, **more: Any) -> None:
            await asyncio.sleep(0.3)
            await super().apply(*given, **more)

    world = world_of(tmp_path, fields, field("/pan", "encrypt"))
    fields.protector.__class__ = Slow
    began = asyncio.get_running_loop().time()
    assert (await post(world, {"pan": PAN})).status == 200
    assert took
    assert took[0] <= asyncio.get_running_loop().time() - began - 0.25


async def test_nobody_is_asked_to_send_again_what_was_sent(tmp_path: Path, fields: Fields) -> None:
    class Leaving(type(fields.protector)):  # type: ignore[misc]  # its class
        async def apply(self, *_: Any, **__: Any) -> None:
            raise Unavailable("signer gone")

    world = world_of(tmp_path, fields, field("/pan", "encrypt", "answer"))
    answers(world, {"pan": PAN})
    fields.protector.__class__ = Leaving
    response = await post(world, {"pan": PAN})
    assert (response.status, told(response), len(world.upstream.sent)) == (503, "unavailable", 1)
    assert "retry-after" not in dict(response.headers)


async def test_a_repetition_by_a_token_of_fewer_scopes_does_not_get_what_the_first_got(
    tmp_path: Path, fields: Fields
) -> None:
    demands = {"idempotency": Idempotency(header="idempotency-key")}
    masked = field("/pan", "mask", "answer", clear_for=("cards",))
    world = world_of(tmp_path, fields, masked, demands=demands)
    answers(world, {"pan": PAN})
    first = await post(world, {"pan": PAN}, ("idempotency-key", "k1"), scope="accounts cards")
    again = await post(world, {"pan": PAN}, ("idempotency-key", "k1"), scope="accounts cards")
    assert first.body == again.body == b'{"pan":"%s"}' % PAN.encode()
    less = await post(world, {"pan": PAN}, ("idempotency-key", "k1"), scope="accounts")
    assert told(less) == "idempotency-mismatch"
    assert PAN.encode() not in less.body


async def test_a_token_that_is_none_is_the_callers_mistake(tmp_path: Path, fields: Fields) -> None:
    world = world_of(tmp_path, fields, field("/pan", "detokenise"))
    response = await post(world, {"pan": "no token"})
    assert (response.status, told(response), world.upstream.sent) == (400, "field-unreadable", [])
    token = await fields.vault(fields.keyring).token(_scope(), PAN, "uuid", same=None)
    assert (await post(world, {"pan": token})).status == 200
    assert sent(world)["pan"] == PAN
    other = await post(world, {"pan": token}, client_id="client_b")
    assert told(other) == "field-unreadable"


def _scope() -> Any:
    from ringfence.protect.protector import _scope as scope_of  # noqa: PLC0415

    return scope_of(field("/pan", "detokenise"), whom(client="client_a"), "token")


async def test_an_answer_that_does_not_open_stays_inside(tmp_path: Path, fields: Fields) -> None:
    world = world_of(tmp_path, fields, field("/pan", "open", "answer"))
    for value in (PAN, "rf1.AAAA", 7):
        answers(world, {"pan": value})
        response = await post(world, {"amount": "1.00"})
        assert (response.status, told(response)) == (502, "upstream-field")
        assert PAN.encode() not in response.body


@pytest.mark.parametrize("mode", ["mask", "encrypt", "tokenise"])
async def test_what_cannot_be_protected_for_sure_does_not_leave(tmp_path: Path, fields: Fields, mode: str) -> None:
    world = world_of(tmp_path, fields, field("/card/pan", mode, "answer"))
    answers(world, {"card": {"pan": PAN}, "rest": 1})
    response = await post(world, {"amount": "1.00"})
    assert (response.status, PAN.encode() in response.body) == (200, False)
    assert msgspec.json.decode(response.body)["rest"] == 1
    text = (("content-type", "text/plain"),)
    long = b'{"card":{"pan":"' + PAN.encode() + b'"},"x":"' + b"x" * 1_100_000 + b'"}'
    for body, headers in (
        ({"card": [{"pan": PAN}]}, JSON),
        (PAN.encode(), text),
        (b'{"card":{"pan":"' + PAN.encode(), JSON),
        (b'{"card":{"pan":"x","pan":"' + PAN.encode() + b'"}}', JSON),
        ({"card": {"pan": {"number": PAN}}}, JSON) if mode != "encrypt" else (PAN.encode(), text),
        (long, JSON),
    ):
        answers(world, body, headers=headers)
        response = await post(world, {"amount": "1.00"})
        assert (response.status, told(response)) == (502, "upstream-field")
        assert PAN.encode() not in response.body
    answers(world, PAN.encode(), 404, text)
    response = await post(world, {"amount": "1.00"})
    assert (response.status, response.body) == (404, b"")
    answers(world, b"", 204, ())
    assert (await post(world, {"amount": "1.00"})).status == 204


async def test_a_kept_answer_is_sealed_and_its_repetition_is_as_the_first(tmp_path: Path, fields: Fields) -> None:
    demands = {"idempotency": Idempotency(header="idempotency-key")}
    opened = field("/pan", "open", "answer")
    world = world_of(tmp_path, fields, field("/pan", "encrypt"), opened, demands=demands)
    await post(world, {"pan": PAN}, ("idempotency-key", "warm"))
    answers(world, {"pan": sent(world)["pan"]})
    first = await post(world, {"pan": PAN}, ("idempotency-key", "k1"))
    again = await post(world, {"pan": PAN}, ("idempotency-key", "k1"))
    assert msgspec.json.decode(first.body) == msgspec.json.decode(again.body) == {"pan": PAN}
    assert dict(again.headers)["idempotent-replayed"] == "true"
    assert len(world.upstream.sent) == 2
    assert files_with(tmp_path, PAN.encode()) == []
    fields.signer.gone = True
    fields.clock.now += 301
    assert (await post(world, {"pan": PAN}, ("idempotency-key", "k1"))).status == 503


async def test_an_answer_that_cannot_be_sealed_is_given_and_not_kept(tmp_path: Path, fields: Fields) -> None:
    class Leaving(type(fields.protector)):  # type: ignore[misc]  # its class
        async def seal_answer(self, *_: Any) -> bytes:
            raise Unavailable("signer gone")

    demands = {"idempotency": Idempotency(header="idempotency-key")}
    world = world_of(tmp_path, fields, field("/pan", "encrypt"), demands=demands)
    fields.protector.__class__ = Leaving
    assert (await post(world, {"pan": PAN}, ("idempotency-key", "k1"))).status == 200
    assert told(await post(world, {"pan": PAN}, ("idempotency-key", "k1"))) == "idempotency-unclear"
    assert len(world.upstream.sent) == 1


async def test_a_gateway_without_keys_lets_nothing_with_fields_through(tmp_path: Path, fields: Fields) -> None:
    world = world_of(tmp_path, fields, field("/pan", "mask", "answer"))
    nothing = NoProtection()
    world.gateway._ports = msgspec.structs.replace(world.gateway._ports, protection=nothing)
    assert (await post(world, {"pan": PAN})).status == 503
    assert world.upstream.sent == []
    for asked in (
        nothing.apply({}, (), whom(), to="caller"),
        nothing.seal_answer(b"", whom(), b""),
        nothing.open_answer(b"", whom(), b""),
    ):
        with pytest.raises(Unavailable):
            await asked


async def test_the_answer_is_asked_for_whole_and_plain(tmp_path: Path, fields: Fields) -> None:
    wanted = (("accept-encoding", "gzip"), ("range", "bytes=0-9"))
    world = world_of(tmp_path, fields, field("/pan", "mask", "answer"))
    await post(world, {"pan": PAN}, *wanted)
    assert not {"accept-encoding", "range"} & dict(world.upstream.sent[0][2]).keys()


async def test_a_body_without_the_field_passes_and_one_in_another_form_does_not(tmp_path: Path, fields: Fields) -> None:
    world = world_of(tmp_path, fields, field("/card/pan", "encrypt"), body_required=False)
    operation = world.gateway._rules.table.operations[0]
    loose = msgspec.structs.replace(operation, bodies=json_body({}))
    world.gateway._rules.table.operations = (loose,)  # type: ignore[misc]
    assert (await post(world, {"other": 1})).status == 200
    assert told(await post(world, {"card": [{"pan": PAN}]})) == "field-unreadable"
    assert len(world.upstream.sent) == 1


async def test_the_payload_of_a_signed_body_keeps_its_claims(fields: Fields) -> None:
    """What the schema was held against lacks them; the API gets them."""
    made = operation(method="POST", protected=(field("/pan", "encrypt"),))
    content = msgspec.json.encode({"iss": "client_a", "jti": "j", "pan": PAN})
    valid = Valid(limited(made, request("POST")), content, {"pan": PAN}, {}, "application/json")
    reworked = await protect(Spent(Constrained(Screened(valid))), fields.protector)
    document = msgspec.json.decode(reworked.body)
    assert reworked.changed
    assert (document["iss"], document["jti"], document["pan"][:4]) == ("client_a", "j", "rf1.")


async def test_no_event_has_a_number_that_stands_in_a_members_name(tmp_path: Path, fields: Fields) -> None:
    shape = Content(validator({"type": "object"}), OnlyA())
    declared = {"200": DeclaredResponse({"application/json": shape})}
    for treatment in ("strip", "report", "refuse"):
        rules = Responses(undeclared_member=treatment)  # type: ignore[arg-type]  # a literal
        world = world_of(tmp_path / treatment, fields, responses=declared, response_rules=rules)
        answers(world, {"a": 1, PAN: {"balance": "1.00"}, "GB29NWBK60161331926819": 2})
        await post(world, {"amount": "1.00"})
        event = world.recorder.events[-1]
        assert "[card]" in "".join((*event.stripped, *event.differs, event.private))
        assert PAN not in str(event)
        assert "GB29NWBK60161331926819" not in str(event)


PAGE = (Path(__file__).parents[3] / "docs" / "gateway.md").read_text("utf-8")
ROWS = re.findall(r"^\| ([^|]+) \| `(field-unreadable|upstream-field)` \|$", PAGE, re.MULTILINE)


@pytest.mark.parametrize(("about", "reason"), ROWS)
async def test_the_rows_of_the_page(tmp_path: Path, fields: Fields, about: str, reason: str) -> None:
    protected = (field("/pan", "open"), field("/card/pan", "open", "answer"), field("/other/pan", "mask", "answer"))
    world = world_of(tmp_path, fields, *protected)
    assert len(ROWS) == 2
    if reason == "field-unreadable":
        told_of = [await post(world, {"pan": wrong}) for wrong in ("no envelope", "rf1.AAAA")]
    else:
        told_of = []
        for body in ({"card": {"pan": "no envelope"}}, {"other": [{"pan": "x"}]}):
            answers(world, body)
            told_of.append(await post(world, {"amount": "1.00"}))
    assert [told(response) for response in told_of] == [reason] * 2, about
