"""`ringfence watch`: how far anomaly detection can be believed."""


def test_before_it_has_begun_that_is_said(managed, ok) -> None:
    answer = managed("watch", "status")
    assert answer.exit_code == 1
    assert "not begun" in answer.output
