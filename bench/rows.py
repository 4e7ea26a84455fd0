"""What is measured: each row is a kind of call, made against Envoy alone and against Ringfence."""

from collections.abc import Callable, Iterator

import msgspec

from bench.callers import Caller, message, proven
from bench.documents import ACCOUNTS, PAYMENTS, payment
from bench.installation import BASE_PATH, Installation
from bench.load import Target

SMALL = 600
LARGE = 6000
"""Bytes of a payment's body: the two sizes of the aim."""


class Row(msgspec.Struct, frozen=True):
    """One kind of call."""

    name: str
    requests: Callable[[Installation, int], Iterator[bytes]]
    """Makes that many requests for an installation."""
    is_refused: bool = False
    by_certificate: bool = False

    def target(self, installed: Installation) -> Target:
        """Return where to send."""
        if self.by_certificate:
            return Target(installed.mtls_port, installed.client_certificate, installed.client_key)
        return Target(installed.public_port)


def authority(installed: Installation) -> str:
    """Return the public listener's host and port."""
    return f"localhost:{installed.public_port}"


def payments(size: int, who: Callable[[Installation], list[Caller]]) -> Callable[[Installation, int], Iterator[bytes]]:
    """Return what makes payments of that size, with a fresh proof each."""
    body = msgspec.json.encode(payment(size))

    def requests(installed: Installation, count: int) -> Iterator[bytes]:
        return proven(who(installed), "POST", authority(installed), BASE_PATH + PAYMENTS, count, body)

    return requests


def by_certificate(token: Callable[[Installation], str]) -> Row:
    """Return the row that shows a client certificate."""

    def requests(installed: Installation, _: int) -> Iterator[bytes]:
        fields = {"authorization": f"Bearer {token(installed)}"}
        yield message("GET", f"localhost:{installed.mtls_port}", BASE_PATH + ACCOUNTS, fields)

    return Row("GET accounts, client certificate", requests, by_certificate=True)


def rows(who: Callable[[Installation], list[Caller]], certificate_token: Callable[[Installation], str]) -> list[Row]:
    """Return the rows of the table.

    Args:
        who: the callers of an installation.
        certificate_token: its token that is bound to the client certificate.
    """
    accounts = BASE_PATH + ACCOUNTS

    def reads(installed: Installation, count: int) -> Iterator[bytes]:
        return proven(who(installed), "GET", authority(installed), accounts, count)

    def without_token(installed: Installation, _: int) -> Iterator[bytes]:
        yield message("GET", authority(installed), accounts, {})

    def forged(installed: Installation, count: int) -> Iterator[bytes]:
        """A token whose signature does not verify, another one each call: nothing can be remembered of it."""
        caller = who(installed)[0]
        proof = caller.proof("GET", f"https://{authority(installed)}{accounts}")
        signed, signature = caller.token.rsplit(".", 1)
        for number in range(count):
            token = f"{signed}.{number:08d}{signature[8:]}"
            yield message("GET", authority(installed), accounts, {"authorization": f"DPoP {token}", "dpop": proof})

    def nowhere(installed: Installation, count: int) -> Iterator[bytes]:
        return proven(who(installed), "GET", authority(installed), BASE_PATH + "/nothing-here", min(count, 500))

    return [
        Row("GET accounts, DPoP", reads),
        Row("POST payment 0.6 KB, DPoP", payments(SMALL, who)),
        Row("POST payment 6 KB, DPoP", payments(LARGE, who)),
        by_certificate(certificate_token),
        Row("refused: no token", without_token, is_refused=True),
        Row("refused: bad signature", forged, is_refused=True),
        Row("refused: unknown path", nowhere, is_refused=True),
    ]
