"""A channel that is told by e-mail, over TLS or not at all.  RFC 5321; RFC 5322; RFC 3207; RFC 8314; RFC 3834."""

import asyncio
import smtplib
import ssl
from collections.abc import Callable
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Final

from ringfence.app.export.sink import Away, Unwanted
from ringfence.clock import Clock, Instant, Seconds
from ringfence.export.telling import Message, sentences, subject
from ringfence.policy.notify_model import MailChannel

WITHIN: Final[Seconds] = 20.0
"""For each answer of the server."""
PERMANENT: Final = 5
"""The class of answers that refuse for good.  RFC 5321 §4.2.1."""


class Mail:
    """`Tells` a few people by a mail server."""

    def __init__(
        self,
        settings: MailChannel,
        origin: str,
        tls: Callable[[], ssl.SSLContext],
        password: Callable[[], str],
        clock: Clock,
    ) -> None:
        """Send by a policy's settings; `origin` is our host name, `tls` and `password` are asked each time anew."""
        self._settings = settings
        self._origin = origin
        self._tls = tls
        self._password = password
        self._clock = clock

    async def tell(self, message: Message) -> None:
        """Return when the server has taken the message for at least one receiver.  Raises Away, Unwanted."""
        mail = letter(message, self._settings, self._origin, self._clock())
        try:
            await asyncio.to_thread(self._send, mail)
        except (smtplib.SMTPSenderRefused, smtplib.SMTPDataError) as refused:
            kind = Unwanted if refused.smtp_code // 100 == PERMANENT else Away
            raise kind(f"the mail server answered {refused.smtp_code}") from refused
        except smtplib.SMTPRecipientsRefused as refused:
            codes = [code for code, _ in refused.recipients.values()]
            kind = Unwanted if all(code // 100 == PERMANENT for code in codes) else Away
            raise kind(f"the mail server answered {codes[0]} to every receiver") from refused
        except smtplib.SMTPResponseException as refused:  # its text may repeat what we sent
            raise Away(f"the mail server answered {refused.smtp_code}") from refused
        except smtplib.SMTPNotSupportedError as lacking:
            raise Away(f"the mail server cannot do what is demanded: {lacking}") from lacking
        except smtplib.SMTPException as error:
            raise Away(f"the mail server: {type(error).__name__}") from error
        except (OSError, ValueError) as error:  # ssl.SSLError is one
            raise Away(f"{type(error).__name__}: {error}") from error

    async def close(self) -> None:
        """Do nothing: each message has a connection of its own."""

    def _send(self, mail: EmailMessage) -> None:
        settings, tls = self._settings, self._tls()
        with self._connect(tls) as server:
            if settings.tls == "starttls":
                server.starttls(context=tls)  # raises where the server has no TLS
                server.ehlo()
            if settings.user:
                server.login(settings.user, self._password())
            server.send_message(mail, settings.sender, list(settings.to))

    def _connect(self, tls: ssl.SSLContext) -> smtplib.SMTP:
        where = self._settings.host, self._settings.port
        if self._settings.tls == "implicit":
            return smtplib.SMTP_SSL(*where, local_hostname=self._origin, timeout=WITHIN, context=tls)
        return smtplib.SMTP(*where, local_hostname=self._origin, timeout=WITHIN)


def letter(message: Message, settings: MailChannel, origin: str, now: Instant) -> EmailMessage:
    """Return the message as it is sent: its fields refuse line ends (`email.policy`), its texts have none to begin with."""
    mail = EmailMessage(SMTP)
    mail["From"] = settings.sender
    mail["To"] = ", ".join(settings.to)
    mail["Subject"] = subject(message)
    mail["Date"] = format_datetime(datetime.fromtimestamp(now, UTC))
    mail["Message-ID"] = f"<{message.message_id}@{origin}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content("\n".join(sentences(message)) + "\n")
    return mail
