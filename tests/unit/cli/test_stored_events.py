"""Pages of the newest events, read to the end."""

from typing import Any

from ringfence.cli.stored_events import stored_events


class Pages:
    """A management API with three events, of which one is of a version that nobody knows."""

    def get(self, path: str, **params: int) -> dict[str, Any]:
        event = {"event": "role.exited.v1", "at": 1.0, "role": "x", "code": 1, "restart_in": 0.1}
        events = [event, {"event": "role.exited.v9"}, event]
        start = params.get("after", len(events) - params.get("last", 0))
        items = [{"position": n + 1, "event": events[n]} for n in range(start, len(events))][:2]
        return {"items": items, "next": items[-1]["position"] if items else start}


def test_all_pages_without_what_is_not_understood() -> None:
    assert [position for position, _ in stored_events(Pages(), 3)] == [1, 3]  # type: ignore[arg-type]  # as much as is used
