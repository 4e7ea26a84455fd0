"""Mail over real TLS to a server that keeps what it takes."""

from functools import partial
from pathlib import Path

import pytest

from ringfence.app.export.mail import Mail, letter
from ringfence.app.export.sink import Away, Unwanted
from ringfence.app.export.tls import client_tls
from ringfence.clock import Instant, system_clock
from ringfence.edge.certificates import create_development_certificates
from ringfence.policy.notify_model import MailChannel
from tests.listening import free_port, server_tls
from tests.mail_server import MailServer
from tests.told import message, notice

NOW = Instant(1_800_000_000.0)
PEOPLE = {"sender": "ringfence@bank.example", "to": ("duty@bank.example", "second@bank.example")}


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("mail")
    create_development_certificates(directory, ["localhost"], system_clock())
    return directory


def mail(certificates: Path, port: int, password: str = "", **settings) -> Mail:
    channel = MailChannel(**{"host": "localhost", "port": port, **PEOPLE, **settings})
    tls = partial(client_tls, certificates / "ca.pem", None, None)
    return Mail(channel, "bank.example", tls, lambda: password, lambda: NOW)


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
async def test_a_message_is_taken_over_tls_and_after_a_login(certificates: Path, tls: str) -> None:
    with MailServer(server_tls(certificates), implicit=tls == "implicit") as server:
        sends = mail(certificates, server.port, "s3cret", tls=tls, user="ringfence")
        await sends.tell(message())
        await sends.tell(message())
        ((sender, receivers, _), _) = server.taken
        assert (sender, receivers) == ("ringfence@bank.example", ["duty@bank.example", "second@bank.example"])
        assert server.logins == ["\0ringfence\0s3cret"] * 2
        assert {"AUTH", "MAIL", "DATA"}.isdisjoint(server.in_the_clear)
        first, second = server.mails()
    assert first["subject"] == "[high] Guessing"
    assert first["message-id"] == second["message-id"] == "<msg_p1t1@bank.example>"
    assert first["auto-submitted"] == "auto-generated"
    assert "ringfence alerts show alert_1" in first.get_content()


async def test_without_tls_nothing_is_said(certificates: Path) -> None:
    with MailServer(None, offers=("AUTH PLAIN",)) as server:
        sends = mail(certificates, server.port, "s3cret", user="ringfence")
        with pytest.raises(Away, match="STARTTLS"):
            await sends.tell(message())
        assert (server.taken, server.logins) == ([], [])
        assert set(server.in_the_clear) <= {"EHLO", "QUIT", "RSET"}


async def test_a_server_of_another_name_is_told_nothing(tmp_path: Path) -> None:
    create_development_certificates(tmp_path, ["other.example"], system_clock())
    with MailServer(server_tls(tmp_path)) as server:
        with pytest.raises(Away, match="SSLCertVerificationError"):
            await mail(tmp_path, server.port).tell(message())
        assert server.taken == []


@pytest.mark.parametrize(
    ("verb", "answer", "kind"),
    [
        ("DATA", "554 looks like spam", Unwanted),
        ("DATA", "451 try later", Away),
        ("MAIL", "550 not you", Unwanted),
        ("RCPT", "550 nobody", Unwanted),
        ("RCPT", "450 greylisted", Away),
        ("AUTH", "535 wrong password s3cret", Away),
    ],
)
async def test_what_is_refused_for_good_is_told_apart(
    certificates: Path, verb: str, answer: str, kind: type[Exception]
) -> None:
    with MailServer(server_tls(certificates), answers={verb: answer}) as server:
        with pytest.raises(Away, match=answer[:3]) as why:
            await mail(certificates, server.port, "s3cret", user="u").tell(message())
        assert type(why.value) is kind
        assert "s3cret" not in str(why.value)


async def test_nobody_there(certificates: Path) -> None:
    with pytest.raises(Away, match="ConnectionRefusedError"):
        await mail(certificates, free_port()).tell(message())


async def test_a_password_that_cannot_be_read(certificates: Path) -> None:
    def gone() -> str:
        raise ValueError("the file does not hold one line")

    with MailServer(server_tls(certificates)) as server:
        channel = MailChannel(**{"host": "localhost", "port": server.port, "user": "u", **PEOPLE})
        tls = partial(client_tls, certificates / "ca.pem", None, None)
        with pytest.raises(Away, match="one line"):
            await Mail(channel, "bank.example", tls, gone, lambda: NOW).tell(message())


async def test_no_text_of_an_alert_becomes_a_field_or_ends_the_letter(certificates: Path) -> None:
    evil = "x\r\nBcc: thief@example.org\r\n\r\n.\r\nMAIL FROM:<y@example.org>"
    one = notice(1, title=evil, explanation=evil)
    channel = MailChannel(host="localhost", **PEOPLE)
    with pytest.raises(ValueError, match="linefeed"):
        letter(message(one), channel, "bank.example", NOW)  # its title would have been made visible before
    with MailServer(server_tls(certificates)) as server:
        await mail(certificates, server.port).tell(message(notice(1, explanation=evil)))
        ((_, receivers, _),) = server.taken
        (taken,) = server.mails()
    assert receivers == list(PEOPLE["to"])
    assert taken["bcc"] is None
    assert "MAIL FROM" in taken.get_content()
