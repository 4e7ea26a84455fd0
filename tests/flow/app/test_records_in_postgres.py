"""An installation whose records are in PostgreSQL: in use, gone, and back."""

import time

import pytest
from running_installation import Running, begin

from ringfence.demo.processes import Processes
from tests.postgres_server import PostgresServer

pytestmark = [pytest.mark.flow, pytest.mark.timeout(150)]

IN_TIME = 3.0


def pushed(running: Running) -> int:
    """Return the status that a pushed request gets."""
    with running.installation.http() as http:
        response = http.post(f"{running.installation.issuer}/oauth/par", data={"client_id": "nobody"})
    if response.status_code >= 500:
        assert response.headers["content-type"].startswith("application/json")
        assert "asyncpg" not in response.text
    return response.status_code


def until_pushed(running: Running, status: int, within: float = 10.0) -> None:
    deadline = time.monotonic() + within
    while pushed(running) != status:
        assert time.monotonic() < deadline
        time.sleep(0.1)


async def test_the_records_go_and_come_back(
    tmp_path_factory: pytest.TempPathFactory, postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    await postgres.fresh()
    directory = tmp_path_factory.mktemp("p")
    monkeypatch.setenv("RECORDS_PASSWORD", "trusted anyway")
    records = (
        f"\nrecords:\n  url: postgresql://ringfence@127.0.0.1:{postgres.port}/fresh\n  tls: off"
        "\n  password_variable: RECORDS_PASSWORD\n"
    )
    with Processes(directory / "logs") as processes:
        running = begin(directory, processes, records)  # registers, logs in, consents and redeems a code
        assert not (directory / "state/records.db").exists()
        assert pushed(running) == 401
        before = running.role_pid("oauth")

        postgres.stop()
        began = time.monotonic()
        assert pushed(running) == 503
        assert time.monotonic() - began < 1.0
        call = running.partner.call("GET", running.installation.accounts_url, running.tokens)
        assert call.status_code == 200, "calls with issued tokens do not need the records"
        postgres.start()
        until_pushed(running, 401)

        postgres.freeze()
        began = time.monotonic()
        assert pushed(running) == 503
        assert time.monotonic() - began < IN_TIME
        postgres.thaw()
        until_pushed(running, 401)
        assert running.role_pid("oauth") == before, "nothing was restarted"
        running.partner.push(("accounts",))
