import msgspec
import pytest

from ringfence.clock import Instant
from ringfence.detect.anomaly.baseline_file import InvalidBaseline, header_of, load_into, packed
from ringfence.detect.anomaly.detector import AnomalyDetector
from ringfence.events.calls import CallDecided

NOW = 1_800_000_000.0


def trained() -> AnomalyDetector:
    detector = AnomalyDetector()
    for n in range(300):
        event = CallDecided(Instant(NOW + n * 100), "c", "t", allowed=True, status=200, user=f"u{n % 5}", client="c")
        detector.feed(n + 1, event)
    return detector


def test_a_file_says_what_it_is_and_is_gone_on_from() -> None:
    detector, again = trained(), AnomalyDetector()
    header = load_into(packed(detector), again)
    assert (header.version, header.entities, header.trained_until) == (1, 7, NOW + 29_900)
    assert header.trained_from <= NOW
    assert again.snapshot() == detector.snapshot()


def changed(data: bytes, **more: object) -> bytes:
    line, _, body = data.partition(b"\n")
    return msgspec.json.encode(msgspec.json.decode(line) | more) + b"\n" + body


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda data: b"", "begin"),
        (lambda data: b"{}\n", "begin"),
        (lambda data: data[:-1], "content"),
        (lambda data: data[:-1] + bytes([data[-1] ^ 1]), "content"),
        (lambda data: changed(data, version=2), "version 2"),
        (lambda data: changed(data, more=1), "begin"),
        (lambda data: changed(data.partition(b"\n")[0] + b"\n\xc1", sha256="b"), "content"),
    ],
)
def test_what_is_no_baseline_is_refused(spoil, says: str) -> None:
    with pytest.raises(InvalidBaseline, match=says):
        header_of(spoil(packed(trained())))


def test_right_hash_and_wrong_content_is_refused_too() -> None:
    import hashlib  # noqa: PLC0415

    for body in (b"\xc1", msgspec.msgpack.encode([]), msgspec.msgpack.encode([[], [], {}, [], [1], [], []])):
        data = changed(packed(trained()).partition(b"\n")[0] + b"\n" + body, sha256=hashlib.sha256(body).hexdigest())
        with pytest.raises(InvalidBaseline, match="cannot be read"):
            load_into(data, AnomalyDetector())
