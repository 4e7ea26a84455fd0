import typing

import msgspec
import pytest

from ringfence.clock import Instant
from ringfence.events import CallDecided, Event, PolicyLoaded, decode, encode

KINDS = typing.get_args(Event)


def filled(kind):
    """An event of that kind with a value in every required field."""
    values = {float: 1.5, str: "x", bool: True, int: 7, Instant: Instant(1.5), tuple[str, ...]: ("b", "a")}
    required = [field for field in msgspec.structs.fields(kind) if field.required]
    return kind(**{field.name: values[field.type] for field in required})


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_comes_back_as_it_went(kind):
    event = filled(kind)
    assert decode(encode(event)) == event


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_names_itself_with_a_version(kind):
    name = msgspec.json.decode(encode(filled(kind)))["event"]
    assert name.rsplit(".", 1)[1] == "v1"
    assert kind.__struct_config__.frozen


def test_kinds_are_told_apart():
    assert len({msgspec.json.decode(encode(filled(kind)))["event"] for kind in KINDS}) == len(KINDS)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b'{"event":"call.decided.v9","at":1}',
        b'{"event":"call.decided.v1"}',
        b'{"event":"call.decided.v1","correlation":"\xff"}',
        b'{"event":"call.decided.v1","x":' + b"[" * 99_999,
    ],
)
def test_anything_else_is_refused(data):
    with pytest.raises(msgspec.DecodeError):
        decode(data)


def test_a_batch_field_keeps_its_order():
    event = PolicyLoaded(Instant(1.0), "digest", accepted=False, mistakes=("b", "a"))
    assert decode(encode(event)) == event


def test_what_a_call_was_refused_for_comes_back():
    event = CallDecided(Instant(1.0), "c", "t", allowed=False, status=401, reason="token-expired", private="exp 3")
    assert decode(encode(event)) == event
