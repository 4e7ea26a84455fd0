"""The migrations, the tables and the structs say the same."""

from pathlib import Path
from typing import Any

import msgspec
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection

from ringfence.store import (
    backchannel_model,
    challenges,
    logout_model,
    model,
    protection_model,
    push_model,
    received_model,
    registrations,
    signals_model,
)
from ringfence.store.records import open_records
from ringfence.store.schema import metadata

TABLES = {
    "clients": model.Client,
    "registrations": registrations.Registration,
    "used_statements": registrations.UsedStatement,
    "invitations": registrations.Invitation,
    "logos": registrations.Logo,
    "users": model.User,
    "grants": model.Grant,
    "consents": model.Consent,
    "pushed_requests": model.PushedRequest,
    "sessions": model.Session,
    "passkeys": model.Passkey,
    "login_challenges": challenges.LoginChallenge,
    "codes": model.Code,
    "refresh_tokens": model.RefreshToken,
    "backchannel_requests": backchannel_model.BackchannelRequest,
    "notices": backchannel_model.Notice,
    "session_clients": logout_model.SessionClient,
    "revoked_keys": logout_model.RevokedKey,
    "field_keys": protection_model.FieldKey,
    "vault_tokens": protection_model.VaultToken,
    "signal_streams": signals_model.SignalStream,
    "pending_signals": signals_model.PendingSignal,
    "signal_pushes": push_model.SignalPush,
    "passed_over_subjects": push_model.PassedOver,
    "received_signals": received_model.ReceivedSignal,
    "signal_transmitters": received_model.TransmitterState,
}


def test_every_struct_has_a_table_with_its_fields() -> None:
    assert {name: [c.name for c in table.columns] for name, table in metadata.tables.items()} == {
        name: [f.name for f in msgspec.structs.fields(kind)] for name, kind in TABLES.items()
    }


async def test_the_migrations_lead_to_the_tables(tmp_path: Path) -> None:
    records = await open_records(f"sqlite+aiosqlite:///{tmp_path}/records.db")

    def difference(connection: Connection) -> list[Any]:
        return compare_metadata(MigrationContext.configure(connection), metadata)

    async with records._database.reading() as connection:
        assert await connection.run_sync(difference) == []
    await records.close()
