from ringfence.detect.own_alerts import EVENT_TIMES, times_not_believed
from ringfence.detect.risk import entities_of


def test_what_detection_says_of_itself_speaks_against_nobody() -> None:
    alert = times_not_believed(1_800_000_000.0, 7, 3, 864_000.0)
    assert (alert.rule, alert.mode, alert.position) == (EVENT_TIMES, "alert", 7)
    assert "864,000 s ahead" in alert.explanation
    assert list(entities_of(alert)) == []
    assert alert.alert_id == times_not_believed(1.0, 7, 1, 1.0).alert_id, "named by what it is about and where"
