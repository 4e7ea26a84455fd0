import msgspec
import pytest

from ringfence.custody.wire import (
    HEADER,
    MAX_FRAME,
    BadFrame,
    Context,
    DataKey,
    Frames,
    Generate,
    Manage,
    Refusal,
    Sign,
    Signed,
    SignToken,
    Unwrap,
    frame,
    read_reply,
    read_request,
)

REQUESTS = (
    Sign("checkpoint", b"\x00\xff", "k"),
    SignToken("token", "at+jwt", b"{}"),
    Generate("data", Context("t", "/f", "s")),
    Unwrap("dek_1", Context()),
    Manage("rotate", "token", "uid:1", "because"),
)


def test_what_is_sent_is_what_arrives_however_it_is_cut() -> None:
    stream = b"".join(frame(number, request) for number, request in enumerate(REQUESTS))
    for size in (1, 3, 8, 9, len(stream)):
        frames, found = Frames(), []
        for at in range(0, len(stream), size):
            found += frames.feed(stream[at : at + size])
        assert [number for number, _ in found] == list(range(len(REQUESTS)))
        assert tuple(read_request(body) for _, body in found) == REQUESTS


def test_replies() -> None:
    for reply in (Signed("k", "ES256", b"s"), DataKey("dek", b"k" * 32), Refusal("state", "no")):
        assert read_reply(frame(7, reply)[HEADER.size :]) == reply


def test_a_data_key_does_not_print_its_secret() -> None:
    assert "kkkk" not in repr(DataKey("dek", b"kkkk"))


def test_a_long_frame_is_refused_before_it_is_read() -> None:
    with pytest.raises(BadFrame):
        Frames().feed(HEADER.pack(MAX_FRAME + 1, 1))
    with pytest.raises(BadFrame):
        frame(1, Sign("p", b"x" * (MAX_FRAME + 1)))


@pytest.mark.parametrize(
    "document",
    [
        {"type": "nothing"},
        {"type": "sign", "purpose": "p"},
        {"type": "sign", "purpose": "p", "data": "text"},
        {"type": "sign", "purpose": "p", "data": b"d", "more": 1},
        {"type": "signed", "kid": "k", "algorithm": "a", "signature": b""},
        [1, 2],
        None,
    ],
)
def test_what_is_no_request_is_refused(document: object) -> None:
    with pytest.raises(msgspec.ValidationError):
        read_request(msgspec.msgpack.encode(document))
    with pytest.raises(msgspec.DecodeError):
        read_request(b"\xc1")
