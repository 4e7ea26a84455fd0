import msgspec

from ringfence.detect.slices import joined, sliced, whole


def test_slices_hold_what_was_given_and_are_small() -> None:
    things = [(f"k{n}", [n, 1.5, {}]) for n in range(25)]
    slices = whole(sliced(things, 10))
    assert len(slices) == 3
    assert [tuple(one) for one in joined(slices)] == things
    assert len(list(sliced(things, 10))) == 3, "it gives way after each"
    assert whole(sliced([])) == []


def test_what_was_saved_whole_is_read_too() -> None:
    saved = msgspec.msgpack.decode(msgspec.msgpack.encode([("a", [1]), ("b", [2])]))
    assert joined(saved) == [["a", [1]], ["b", [2]]]
