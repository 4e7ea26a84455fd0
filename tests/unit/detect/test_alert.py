from ringfence.detect.alert import alert_id


def test_an_alert_is_named_by_what_raised_it() -> None:
    assert alert_id("r", ("a", "b"), 7) == alert_id("r", ("a", "b"), 7)
    others = {alert_id("r", ("a", "b"), 8), alert_id("r", ("ab",), 7), alert_id("s", ("a", "b"), 7)}
    assert len(others | {alert_id("r", ("a", "b"), 7)}) == 4
    assert alert_id("r", ("\ud800",), 1).startswith("alert_")
