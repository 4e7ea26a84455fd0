"""Servers that tests of several kinds share."""

from collections.abc import Iterator

import pytest

from tests.postgres_server import CannotStart, PostgresServer


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A real PostgreSQL, started when the first test asks for it."""
    try:
        server = PostgresServer()
        server.start()
    except CannotStart as why:
        pytest.skip(f"PostgreSQL cannot be started here: {why}")
    yield server
    server.remove()
