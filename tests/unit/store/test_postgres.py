import ssl

import pytest

asyncpg = pytest.importorskip("asyncpg", reason="the extra `postgres` is not installed")

from ringfence.store.postgres import FAILURES, connect_arguments  # noqa: E402 - its driver is an optional extra


def test_a_connection_is_bounded_in_time_and_never_falls_back_from_tls() -> None:
    tls = ssl.create_default_context()
    asked = connect_arguments(1.5, tls)
    assert (asked["timeout"], asked["command_timeout"], asked["ssl"]) == (2.0, 1.5, tls)
    assert connect_arguments(1.5, None)["ssl"] is False  # None would be asyncpg's "prefer"


def test_what_the_driver_raises_by_itself_is_known() -> None:
    for error in (
        asyncpg.InvalidPasswordError,
        asyncpg.CannotConnectNowError,
        asyncpg.InterfaceError,
        asyncpg.ConnectionDoesNotExistError,
        asyncpg.ProtocolError,
    ):
        assert issubclass(error, FAILURES)
