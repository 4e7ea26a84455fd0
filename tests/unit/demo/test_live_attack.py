import pytest

from ringfence.demo import live_attack as live
from ringfence.demo.live_attack import Moment, NotHere, require_local


@pytest.mark.parametrize(
    "issuer", ["https://bank.example", "https://localhost.example:8443", "https://127.0.0.1.example"]
)
def test_nobody_elses_installation_is_attacked(issuer: str) -> None:
    with pytest.raises(NotHere, match="not on this machine"):
        require_local(issuer)
    for own in ("https://localhost:8443", "https://127.0.0.1:1", "https://[::1]:1"):
        assert require_local(own) == own


def test_what_is_waited_for_is_told_when_it_comes_or_that_it_did_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "WITHIN", 0.2)
    told: list[Moment] = []
    looked = iter([False, False, True])
    watching = live._Watching(live.monotonic_seconds(), told.append)
    assert not watching.all({"late": lambda: next(looked), "never": lambda: False})
    assert [(moment.what, moment.came) for moment in told] == [("late", True), ("never", False)]
    told.clear()
    assert live._Watching(live.monotonic_seconds(), told.append).all({"now": lambda: True})
