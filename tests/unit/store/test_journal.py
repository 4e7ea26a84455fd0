"""A journal on its own: locks, reserve, torn lines."""

from pathlib import Path

import pytest

from ringfence.ids import system_random
from ringfence.store.interface import Unavailable
from ringfence.store.journal import RESERVE_BYTES, Journal


def test_a_journal_is_adopted_only_when_its_owner_is_gone(tmp_path: Path) -> None:
    journal = Journal.create(tmp_path, "gw", system_random)
    journal.append(b"1\n")
    assert Journal.adopt(tmp_path) == []
    journal.close()
    (adopted,) = Journal.adopt(tmp_path)
    adopted.shipped = 0
    assert adopted.lines(1000) == ([b"1"], 2)
    assert Journal.adopt(tmp_path) == []
    adopted.remove()
    assert list(tmp_path.iterdir()) == []


def test_later_journals_of_a_role_sort_after_earlier_ones(tmp_path: Path) -> None:
    names = []
    for _ in range(12):
        journal = Journal.create(tmp_path, "gw", system_random)
        names.append(journal.name)
        journal.close()
    assert names == sorted(names)
    adopted = Journal.adopt(tmp_path)
    assert [j.name for j in adopted] == names
    for journal in adopted:
        journal.remove()


def test_a_line_that_was_torn_is_written_over(tmp_path: Path) -> None:
    journal = Journal.create(tmp_path, "gw", system_random)
    journal.shipped = 0
    journal.append(b"one\n")
    with journal.path.open("r+b") as file:
        file.seek(journal.size)
        file.write(b'{"torn')
    assert journal.lines(1000) == ([b"one"], 4)
    journal.append(b"a longer line\n")
    assert journal.lines(1000) == ([b"one", b"a longer line"], 18)
    journal.close()


def test_lines_come_in_pieces_of_the_limit_but_never_less_than_one(tmp_path: Path) -> None:
    journal = Journal.create(tmp_path, "gw", system_random)
    for i in range(10):
        journal.append(b"%d" % i * 100 + b"\n")
    lines, upto = journal.lines(250)
    assert (len(lines), upto) == (2, 202)
    lines, upto = journal.lines(7)
    assert (len(lines), upto) == (1, 101)
    journal.close()


def test_space_is_reserved_ahead(tmp_path: Path) -> None:
    journal = Journal.create(tmp_path, "gw", system_random)
    assert journal.path.stat().st_blocks * 512 >= RESERVE_BYTES
    journal.append(b"x" * (RESERVE_BYTES - 10) + b"\n")
    journal.reserve()
    assert journal.path.stat().st_blocks * 512 >= 2 * RESERVE_BYTES
    journal.close()


def test_a_place_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(Unavailable):
        Journal.create(tmp_path / "absent", "gw", system_random)
