import pytest

from ringfence.audit.merkle import leaf_hash
from ringfence.audit.tiles import (
    ENTRIES,
    Edge,
    TileMissing,
    TileWriter,
    entry,
    levels,
    read_entries,
    read_tile,
    tile_path,
)


@pytest.mark.parametrize(
    ("level", "number", "width", "path"),
    [
        (0, 0, 256, "tile/0/000"), (2, 7, 256, "tile/2/007"), (0, 1234067, 256, "tile/0/x001/x234/067"),
        (ENTRIES, 1000, 17, "tile/entries/x001/000.p/17"), (0, 999, 1, "tile/0/999.p/1"),
    ],
)  # fmt: skip
def test_paths_are_those_of_the_specification(level, number, width, path):
    assert tile_path(level, number, width) == path


def test_levels_of_a_tree():
    assert list(levels(0)) == []
    assert list(levels(255)) == [(0, 255)]
    assert list(levels(70_000)) == [(0, 70_000), (1, 273), (2, 1)]


def write(directory, count, start=0, edge=None):
    edge = edge or Edge([[]], [])
    writer = TileWriter(directory, start, edge)
    for number in range(start, start + count):
        writer.add(b"%d" % number, leaf_hash(b"%d" % number))
    writer.finish()
    writer.clear_partial()
    return edge


def test_entries_and_hashes_come_back(tmp_path):
    write(tmp_path, 300)
    assert entry(tmp_path, 299, 300) == b"299"
    assert read_entries(tmp_path, 0, 256)[7] == b"7"
    assert read_tile(tmp_path, 0, 1, 44)[0] == leaf_hash(b"256")
    assert [p.stat().st_mode & 0o777 for p in tmp_path.rglob("*") if p.is_file()] == [0o600] * 5


def test_a_partial_tile_that_was_replaced_by_the_full_one_is_still_found(tmp_path):
    edge = write(tmp_path, 10)
    write(tmp_path, 250, 10, edge)
    assert not (tmp_path / "tile/entries/000.p").exists()
    assert read_entries(tmp_path, 0, 10) == [b"%d" % n for n in range(10)]
    assert entry(tmp_path, 9, 10) == b"9"


def test_an_edge_can_be_loaded_at_any_size(tmp_path):
    edge = write(tmp_path, 700)
    loaded = Edge.load(tmp_path, 700)
    assert (loaded.rows, loaded.entries) == (edge.rows, edge.entries)
    assert Edge.load(tmp_path, 0).rows == [[]]


def test_what_is_not_whole_is_missing(tmp_path):
    write(tmp_path, 10)
    path = tmp_path / "tile/entries/000.p/10"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(TileMissing, match="does not hold 10"):
        read_entries(tmp_path, 0, 10)
    with pytest.raises(TileMissing, match="is not there"):
        read_tile(tmp_path, 0, 4, 256)
    (tmp_path / "tile/0/000.p/10").write_bytes(bytes(33))
    with pytest.raises(TileMissing):
        read_tile(tmp_path, 0, 0, 10)


def test_an_entry_that_is_too_long_is_refused(tmp_path):
    writer = TileWriter(tmp_path, 0, Edge([[]], []))
    with pytest.raises(ValueError, match="too long"):
        writer.add(bytes(65_536), bytes(32))
