"""Where an installation's records are: SQLite in its state, or the PostgreSQL that its policy names."""

import os
import ssl
from collections.abc import Mapping
from typing import Final

from sqlalchemy import URL, make_url

from ringfence.policy.load import LoadedPolicy
from ringfence.policy.model import RecordsDatabase
from ringfence.policy.places import Places
from ringfence.secret import Secret
from ringfence.store.interface import Unavailable
from ringfence.store.records import SqlRecords, open_records

POSTGRESQL: Final = "postgresql+asyncpg"


async def open_policy_records(loaded: LoadedPolicy) -> SqlRecords:
    """Open the records of a policy.

    Raises:
        Unavailable: the database, or the password to it, cannot be had now.
    """
    database = loaded.policy.records
    if database is None:
        return await open_records(f"sqlite+aiosqlite:///{loaded.places.records}")
    password = read_password(database, loaded.places, os.environ)
    return await open_records(address_of(database, password), tls_of(database, loaded.places))


def address_of(database: RecordsDatabase, password: Secret | None) -> URL:
    """Return the address with driver and password; its `str` does not show the password."""
    url = make_url(database.url).set(drivername=POSTGRESQL)
    return url if password is None else url.set(password=password.reveal())


def read_password(database: RecordsDatabase, where: Places, environment: Mapping[str, str]) -> Secret | None:
    """Return the password, or None where the server asks for none.  Raises Unavailable."""
    if database.password_file:
        try:
            return Secret(where.file(database.password_file).read_text("utf-8").rstrip("\r\n"))
        except (OSError, UnicodeDecodeError) as error:
            raise Unavailable(f"records: the password cannot be read: {error}") from error
    if database.password_variable:
        found = environment.get(database.password_variable)
        if not found:
            raise Unavailable(f"records: the environment variable {database.password_variable} is not set")
        return Secret(found)
    return None


def tls_of(database: RecordsDatabase, where: Places) -> ssl.SSLContext | None:
    """Return how the server is verified: its certificate and that it is of its host; None where TLS is not spoken.

    Raises:
        Unavailable: the authority's certificate cannot be read.
    """
    if database.tls == "off" or "host" in make_url(database.url).query:
        return None
    try:
        return ssl.create_default_context(cafile=str(where.file(database.authority)) if database.authority else None)
    except OSError as error:
        raise Unavailable(f"records: {database.authority} holds no certificate: {error}") from error
