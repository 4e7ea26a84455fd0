import pytest

from ringfence.gateway.screening.readings import readings


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("%27", "'"),
        ("%2527", "'"),
        ("%252527", "'"),
        ("&lt;b&gt;", "<b>"),
        ("&#x3c;b", "<b"),
        ("\\u003cb", "<b"),
        ("\\x3cb", "<b"),
        ("%u003cb", "<b"),
        ("\uff1cb\uff1e", "<b>"),
        ("se\u200blect", "select"),
        ("un/**/ion", "union"),
        ("1/*!50000union*/2", "1 union 2"),
        ("w''get", "wget"),
        ("c\\at", "cat"),
        ("who^ami", "whoami"),
    ],
)
def test_what_is_hidden_is_read_too(text: str, read: str) -> None:
    found = readings(text)
    assert found[0] == text
    assert read in found


@pytest.mark.parametrize("text", ["rent", "50% off", "a & b", "Q&A;", "\\u{110000}", "\\ud800", "%zz", "c:\\x"])
def test_plain_text_is_read_once_as_it_is(text: str) -> None:
    assert readings(text) == (text,)


def test_layers_end() -> None:
    text = "'"
    for _ in range(6):
        text = text.replace("%", "%25") if "%" in text else "%27"
    assert all("'" not in reading for reading in readings(text))
