import pytest
from logs import NOW, call, stored

from ringfence.audit.producers import Missing, Producers
from ringfence.audit.record import Record, read, write
from ringfence.clock import Instant
from ringfence.events.audit import JournalEnded


def records(events, source, offset=0) -> list[Record]:
    found = stored(events, source, 1, offset)
    return [read(write(event, lambda *_: ("k", "d"), bytes(32), Instant(NOW + 9)).data) for event in found]


def take(*those: Record) -> Producers:
    producers = Producers()
    for record in those:
        producers.take(record)
    return producers


def size(those: list[Record]) -> int:
    return those[-1].offset + those[-1].length


A = records([call(n) for n in range(5)], "a")
B = records([call(n) for n in range(5)], "b")


def test_producers_that_take_turns_are_in_order():
    producers = take(A[0], B[0], A[1], A[2], B[1], B[2], B[3])
    assert producers.count == 2
    assert producers.open == ("a", "b")


@pytest.mark.parametrize("those", [[A[0], A[2]], [A[1]], [A[0], A[0]], [A[0], B[0], A[1], B[2]], [A[1], A[0]]])
def test_what_is_left_out_doubled_or_turned_around_shows(those):
    with pytest.raises(Missing):
        take(*those)


def test_a_journal_that_ended_itself_has_its_size():
    (ended,) = records([JournalEnded(NOW, "a", size(A))], "a", size(A))
    assert take(*A, ended).open == ()
    with pytest.raises(Missing, match="goes on after"):
        take(*A, ended, *records([call(9)], "a", ended.offset + ended.length))


def test_the_last_events_of_a_journal_do_not_go_unseen():
    (ended,) = records([JournalEnded(NOW, "a", size(A))], "b")
    assert take(*A, ended).open == ("b",)
    with pytest.raises(Missing, match="ended at byte"):
        take(*A[:-1], ended)
    with pytest.raises(Missing, match="ended at byte"):
        take(ended)


def test_journals_from_before_producers_were_noted_begin_in_their_middle():
    (unnamed,) = records([call(0)], "")
    assert take(unnamed, A[3], A[4]).count == 1
    (ended,) = records([JournalEnded(NOW, "old", 500)], "b")
    take(unnamed, ended)


def test_an_end_without_a_size_is_none():
    (ended,) = records([JournalEnded(NOW, "a", size(A))], "b")
    ended.event["size"] = "all"
    with pytest.raises(Missing, match="without its size"):
        take(*A, ended)
