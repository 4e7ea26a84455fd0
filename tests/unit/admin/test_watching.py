import msgspec

from ringfence.detect.anomaly.detector import AnomalyDetector


async def test_what_anomaly_detection_said_last_is_shown(api, ports, problem) -> None:
    problem(await api.get("/watch"), 404, "not-found")
    await ports.watch.note_status(msgspec.json.encode(AnomalyDetector().status()))
    shown = (await api.get("/watch")).json()
    assert (shown["budget"], shown["told"], shown["learning_days_left"]) == (4.0, 0, 7.0)
    assert set(shown["kinds"]) == {"user", "client", "network", "name", "everyone"}
