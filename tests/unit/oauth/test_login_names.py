"""Nobody who has the events can try names against them."""

import hashlib
import hmac

import msgspec

from ringfence.ids import system_random
from ringfence.keys.sealing import Sealer
from ringfence.oauth.exchange import Server
from ringfence.oauth.login_names import name_digest


def under(key: bytes, bank) -> Server:
    ports = msgspec.structs.replace(bank.ports, sealer=Sealer(key, system_random))
    return Server(bank.server.profile, ports)


def test_the_digest_takes_the_key_and_tells_names_apart(bank) -> None:
    one = name_digest("mia", under(b"1" * 32, bank))
    assert one == name_digest("mia", under(b"1" * 32, bank))
    assert len(one) == 64
    others = {name_digest("mia", under(b"2" * 32, bank)), name_digest("Mia", under(b"1" * 32, bank))}
    assert len(others | {one}) == 3
    # what a reader of the events could compute
    guesses = {hashlib.sha256(b"mia").hexdigest(), hmac.digest(b"1" * 32, b"mia", "sha256").hex()}
    assert one not in guesses


def test_a_digest_is_no_mark_of_anything_else(bank) -> None:
    server = under(b"1" * 32, bank)
    assert name_digest("mia", server) != server.ports.sealer.mark(b"mia").hex()
    assert name_digest("voucher\n", server) != server.ports.sealer.mark(b"voucher\n").hex()


def test_whatever_was_typed_has_a_digest(bank) -> None:
    typed = ("", "\ud800", "x" * 100_000, "a\nb", "a\0b")
    assert len({name_digest(name, bank.server) for name in typed}) == len(typed)


async def test_a_guess_and_the_login_stand_under_one_digest_which_nobody_can_try(bank) -> None:
    browser = bank.browser()
    page = await browser.visit(bank.partner.client_id, await bank.partner.pushed_uri())
    await browser.log_in(page, "mia", "wrong")
    await browser.log_in(page, " mia ")
    assert {event.username_hash for event in bank.events.of("LoginDecided")} == {name_digest("mia", bank.server)}
    written = b"".join(msgspec.json.encode(event) for event in bank.events.of("LoginDecided"))
    assert hashlib.sha256(b"mia").hexdigest().encode() not in written
