"""What a running installation stored and logged holds no card number and no IBAN, whatever callers sent."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from running_installation import Running

from ringfence.demo.story import payment
from ringfence.protect.scan_files import Place, Unread, files_below, scan_file

pytestmark = [pytest.mark.flow, pytest.mark.timeout(150)]

CARD, IBAN = "5105105105105100", "GB33BUKB20201555555555"


def held(directory: Path) -> Iterator[str]:
    """The bank's own ledger, in `bank`, is not ours to judge."""
    for path in files_below([directory / "state", directory / "keys", directory / "logs"]):
        for one in scan_file(path, lambda _: None):
            if isinstance(one, Place):
                yield f"{path.relative_to(directory)} {one.where} {one.found.value}"
            elif not one.path.exists():
                continue  # a file of the moment
            else:
                assert isinstance(one, Unread)
                yield f"{path.relative_to(directory)} could not be read: {one.why}"


def send(running: Running) -> list[int]:
    """Put the numbers wherever a caller can put something; return how each was answered."""
    paid = payment()
    initiation = paid["Data"]["Initiation"]
    initiation["CreditorAccount"] |= {"SchemeName": "UK.OBIE.IBAN", "Identification": IBAN}
    initiation["RemittanceInformation"] = {"Unstructured": [f"card {CARD}", IBAN]}
    wrong = payment()
    wrong["Data"]["Initiation"]["InstructedAmount"]["Amount"] = CARD + "x"
    named = payment()
    named["Data"]["Initiation"][CARD] = IBAN
    accounts, payments = running.installation.accounts_url, running.installation.payments_url
    calls = [
        ("POST", payments, paid, {}),
        ("POST", payments, wrong, {}),
        ("POST", payments, named, {}),
        ("GET", f"{accounts}/{IBAN}/balances", None, {}),
        ("GET", f"{running.installation.issuer}/cards/{CARD}/of/{IBAN}", None, {}),
        ("GET", f"{accounts}?account={IBAN}&card={CARD}", None, {"user-agent": f"app/{CARD}", "x-iban": IBAN}),
        ("GET", accounts, None, {"x-request-id": CARD, "traceparent": IBAN, "referer": f"https://x.example/{CARD}"}),
    ]
    answers = [
        running.partner.call(method, url, running.tokens, body, headers).status_code
        for method, url, body, headers in calls
    ]
    with running.installation.http() as http:
        answers.append(
            http.get(f"{running.installation.issuer}/authorize?client_id={CARD}&login_hint={IBAN}").status_code
        )
        answers.append(
            http.post(f"{running.installation.issuer}/token", data={"grant_type": CARD, "code": IBAN}).status_code
        )
    return answers


def test_nothing_of_what_callers_send_is_kept_in_the_clear(running: Running) -> None:
    before = len(running.events("call.decided.v1"))
    answers = send(running)
    assert answers[0] in {201, 403}
    until = time.monotonic() + 30
    while len(running.events("call.decided.v1")) < before + 7:
        assert time.monotonic() < until, "the calls are not in the events"
        time.sleep(0.1)
    directory = running.installation.directory
    assert list(held(directory)) == []
    seeded = directory / "logs" / "seeded.log"
    seeded.write_text(f"paid with {CARD} to {IBAN}\n")
    try:
        assert [line.split()[0] for line in held(directory)] == ["logs/seeded.log"] * 2
    finally:
        seeded.unlink()
