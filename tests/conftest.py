"""What every test leaves as it found it, and servers that tests of several kinds share."""

import logging
from collections.abc import Iterator

import pytest
import structlog

from tests.postgres_server import CannotStart, PostgresServer


@pytest.fixture(autouse=True)
def log_as_it_was() -> Iterator[None]:
    """A role that sets up this process's log sends it to a stream that ends with the test."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


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
