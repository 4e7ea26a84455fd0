from ringfence.problem import Reason
from tools import errors


def test_every_reason_has_its_row():
    page = errors.page()
    assert all(f"| `{reason.value}` |" in page for reason in Reason)


def test_a_stale_page_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(errors, "PAGE", tmp_path / "errors.md")
    assert errors.faults()
    errors.main()
    assert errors.faults() == []
