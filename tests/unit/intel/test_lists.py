import pytest

from ringfence.clock import Instant
from ringfence.intel.indicator import Malformed
from ringfence.intel.lists import Columns, read_agents, read_crawlers, read_csv, read_networks

END = Instant(2e9)


def test_a_list_is_one_network_a_line_with_remarks() -> None:
    text = b"\xef\xbb\xbf# a feed\n\n203.0.114.7\t10\n203.0.115.0/24 ; scanner\n;x\n// y\n10.0.0.1\n"
    found = read_networks(text, 80, END)
    assert [one.first for one in found.indicators] == [0xCB007207, 0xCB007300]
    assert {(one.confidence, one.expires_at) for one in found.indicators} == {(80, END)}
    assert found.skipped == 1  # 10.0.0.1: special-use, and no mistake of form
    assert not found.mistake


def test_a_few_slips_are_skipped_and_told() -> None:
    text = "\n".join([*(f"203.0.{i}.1" for i in range(114, 254)), "nonsense"]).encode()
    found = read_networks(text, 80, END)
    assert len(found.indicators) == 140
    assert found.mistake.startswith("line 141: 'nonsense'")


@pytest.mark.parametrize("text", [b"<html>\nno feed today\n</html>", b"a\n203.0.114.7", b"203.0.114.7\n\xff\xfe"])
def test_another_document_is_no_list(text: bytes) -> None:
    with pytest.raises(Malformed, match=r"line [123]"):
        read_networks(text, 80, END)


def test_csv_is_read_by_its_columns() -> None:
    text = b"# made today\nip;score;what\n203.0.114.7;90;scan\n203.0.114.8;;bot\n203.0.114.9;700;bot\n"
    found = read_csv(text, Columns("ip", "score", ";"), 60, END)
    assert [one.confidence for one in found.indicators] == [90, 60, 100]
    with pytest.raises(Malformed, match=r"no column `net`; there are ip, score, what"):
        read_csv(text, Columns("net", "", ";"), 60, END)
    with pytest.raises(Malformed, match="line"):
        read_csv(b'ip\n"203.0.114.7\n', Columns("ip"), 60, END)


def test_user_agents_are_patterns() -> None:
    assert read_agents(b"# tools\nsqlmap\nNikto\nsqlmap\n").agents == ("sqlmap", "Nikto")
    assert read_crawlers(b'[{"pattern": "bot\\\\/", "url": "x"}]').agents == ("bot\\/",)
    for document in (b"{}", b"[{}]", b"[", b'[{"pattern": 1}]'):
        with pytest.raises(Malformed):
            read_crawlers(document)
