"""Tokens stand for one value of one tenant and field, and their records cannot be exchanged."""

import asyncio

import pytest
from sqlalchemy import text

from ringfence.protect.binding import Scope
from ringfence.protect.envelope import Unopenable
from ringfence.store.interface import Unavailable
from tests.field_keys import Fields

SCOPE = Scope("client:a", "bank/pay", "/pan", 1, "token")
PAN = "4111111111111111"


async def test_a_token_leads_back_to_its_value_for_its_tenant_and_field_only(fields: Fields) -> None:
    vault = fields.vault(fields.keyring)
    token = await vault.token(SCOPE, PAN, "last4", same=None)
    assert token.endswith("1111")
    assert PAN not in token
    assert await vault.value(SCOPE, token) == PAN
    assert await vault.token(SCOPE, PAN, "last4", same=None) != token
    for other in (
        Scope("client:b", "bank/pay", "/pan", 1, "token"),
        Scope("client:a", "bank/pay", "/iban", 1, "token"),
        Scope("client:a", "bank/pay", "/pan", 2, "token"),
    ):
        with pytest.raises(Unopenable):
            await vault.value(other, token)
    for wrong in ("", PAN, token[:-1], token.lower(), "x" * 5000):
        with pytest.raises(Unopenable):
            await vault.value(SCOPE, wrong)


async def test_the_same_value_gets_the_same_token_however_many_ask(fields: Fields) -> None:
    workers = [fields.vault(fields.worker()) for _ in range(4)]
    asked = [vault.token(SCOPE, PAN, "uuid", same="exact") for vault in workers for _ in range(8)]
    (token,) = set(await asyncio.gather(*asked))
    assert await workers[0].value(SCOPE, token) == PAN
    assert await workers[0].token(SCOPE, "4222222222222220", "uuid", same="exact") != token
    other = Scope("client:b", "bank/pay", "/pan", 1, "token")
    assert await workers[0].token(other, PAN, "uuid", same="exact") != token


async def test_nothing_in_the_records_tells_the_value(fields: Fields) -> None:
    vault = fields.vault(fields.keyring)
    await vault.token(SCOPE, PAN, "uuid", same="text")
    async with fields.records._database.reading() as connection:
        rows = [str(row) for row in await connection.execute(text("select * from vault_tokens"))]
    assert rows
    assert not any(PAN in row or PAN[-4:] in row.split("rf1.")[0] for row in rows)


async def test_exchanged_records_do_not_open(fields: Fields) -> None:
    vault = fields.vault(fields.keyring)
    one, other = [await vault.token(SCOPE, value, "uuid", same=None) for value in (PAN, "4222222222222220")]
    async with fields.records._database.writing() as connection:
        sealed = text(
            "update vault_tokens set sealed = (select sealed from vault_tokens where token = :o) where token = :t"
        )
        await connection.execute(sealed, {"o": other, "t": one})
    with pytest.raises(Unopenable):
        await vault.value(SCOPE, one)
    async with fields.records._database.writing() as connection:
        await connection.execute(text("update vault_tokens set sealed = 'gone' where token = :t"), {"t": one})
    with pytest.raises(Unopenable):
        await vault.value(SCOPE, one)


async def test_without_the_signer_no_token_is_made(fields: Fields) -> None:
    fields.signer.gone = True
    with pytest.raises(Unavailable):
        await fields.vault(fields.keyring).token(SCOPE, PAN, "uuid", same=None)


async def test_a_worker_opens_what_another_sealed_under_a_newer_key(fields: Fields) -> None:
    first = fields.vault(fields.keyring)
    await first.token(SCOPE, PAN, "uuid", same=None)
    fields.clock.now += 91 * 86_400
    await first.token(SCOPE, PAN, "uuid", same=None)
    held = fields.worker()
    await held.ready(SCOPE, to_seal=False)
    fields.clock.now += 1
    newer = fields.worker()
    (row, *_) = await fields.records.field_keys(SCOPE.tenant, SCOPE.name)
    await fields.records.retire_field_key(row.data_key, fields.clock())
    token = await fields.vault(newer).token(SCOPE, PAN, "uuid", same=None)
    assert (await fields.records.field_keys(SCOPE.tenant, SCOPE.name))[0].version == 3
    assert await fields.vault(held).value(SCOPE, token) == PAN
