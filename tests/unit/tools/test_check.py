import pytest

from tools import check


def run(monkeypatch, gates, *names):
    monkeypatch.setattr(check, "SCRIPTS", gates)
    monkeypatch.setattr("sys.argv", ["check", *names])
    return check.main()


def test_a_gate_that_fails_is_named_with_what_it_says(monkeypatch, capsys):
    gates = {"good": list, "bad": lambda: ["a.py: too long"]}
    assert run(monkeypatch, gates, "good", "bad") == 1
    said = capsys.readouterr().out
    assert "ok    good" in said
    assert "FAIL  bad\n      a.py: too long" in said
    assert said.endswith("1 of 2 gates failed: bad\n")


def test_all_pass(monkeypatch, capsys):
    assert run(monkeypatch, {"good": list}, "good") == 0
    assert capsys.readouterr().out.endswith("all 1 gates pass\n")


def test_an_unknown_gate_is_no_pass(monkeypatch):
    with pytest.raises(KeyError):
        run(monkeypatch, {}, "formt")
