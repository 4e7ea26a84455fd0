"""The examples of docs/ways-in.md: its application is run as it stands there, and each row is answered as the page says."""

import re
from pathlib import Path
from typing import Any

import pytest

from ringfence.clock import system_clock
from tests.asgi_server import Server
from tests.installed_api import ISSUER, call_headers, install, publish
from tests.unit.gateway.caller import Caller

PAGE = (Path(__file__).parents[2] / "docs" / "ways-in.md").read_text("utf-8")
ROWS = re.findall(r"^\| `(/[^`]*)` \| ([a-z ]+) \| `([a-z0-9-]+)` \|$", PAGE, re.MULTILINE)
(EXAMPLE,) = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture
def example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Any, Caller]:
    caller = Caller()
    publish(install(tmp_path), caller)
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    exec(compile(EXAMPLE, "docs/ways-in.md", "exec"), names)
    return names["app"], caller


async def test_the_example_answers_as_the_page_says(example: tuple[Any, Caller]) -> None:
    app, caller = example
    server = Server(app)
    assert (await server.start())["type"] == "lifespan.startup.complete"
    used = call_headers(caller, system_clock(), "GET")
    async with server.http(ISSUER) as http:
        assert (await http.get("/things", headers=used)).json() == {"client": "client_a"}
        for target, told, wanted in ROWS:
            path = target.partition("?")[0]
            fresh = call_headers(caller, system_clock(), "GET", path)
            headers = {"nothing": {}, "a token and a proof": fresh, "a token and a proof that was used": used}[told]
            answer = await http.get(target, headers=headers)
            assert wanted in (str(answer.status_code), answer.json().get("type", "").rpartition(":")[2]), target
    await server.stop()
    assert len(ROWS) == 5
