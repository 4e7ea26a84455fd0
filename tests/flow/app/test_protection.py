"""Protected fields on a running installation: the bank never has them, the partner does, and the log says who asked."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from running_installation import Running, begin

from ringfence.clock import system_clock
from ringfence.demo.partner import Partner
from ringfence.demo.processes import Processes
from ringfence.demo.story import payment
from ringfence.ids import system_random
from tests.operators import OPERATORS, as_operator

pytestmark = [pytest.mark.flow, pytest.mark.timeout(200)]

NAMES = "resource: payment, field: instruction"
TOKENS = "resource: payment, field: end-to-end"
PAYMENTS = f"""operations:
          CreateDomesticPayment:
            idempotency: {{header: x-idempotency-key}}
            protect:
              - {{at: /Data/Initiation/InstructionIdentification, on: request, mode: encrypt, {NAMES}}}
              - {{at: /Data/Initiation/InstructionIdentification, on: answer, mode: open, {NAMES}}}
              - {{at: /Data/Initiation/EndToEndIdentification, on: request, mode: tokenise, {TOKENS}, same_token: true}}
          GetDomesticPayment:
            protect:
              - {{at: /Data/Initiation/InstructionIdentification, on: answer, mode: open, {NAMES}}}
              - {{at: /Data/Initiation/EndToEndIdentification, on: answer, mode: detokenise, {TOKENS}}}

"""
MASKED = """operations:
          GetAccounts:
            protect: [{at: /Data/Account/*/Account/*/Identification, on: answer, mode: mask}]
            minimise: {fields: {/Data/Account/*/Nickname: names, /Data/Account/*/Currency: accounts}}
  - name: payments"""
PAGE = Path(__file__).parents[3] / "docs" / "protection.md"
SECRETS = ("HP-2026-0001", "SHARED-LUNCH")


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """A directory that operators may enter, as pytest's are not."""
    with tempfile.TemporaryDirectory(prefix="rf") as name:
        Path(name).chmod(0o711)
        yield Path(name)


@pytest.fixture(scope="module")
def running(home: Path) -> Iterator[Running]:
    directory = home / "p"
    signer = f"{{operators: {list(OPERATORS)}, approval_socket: {home}/approve.sock, tenant_keys: ['client:*']}}"
    with Processes(directory / "logs") as processes:
        made = begin(directory, processes, more=f"signer: {signer}\n")
        made.edit_policy(r"(?s)operations:\n          CreateDomesticPayment:\n.*?\n\n", PAYMENTS)
        made.edit_policy(r"  scopes:\n", "  scopes:\n    names: See what you call your accounts\n")
        made.edit_policy(r"  - name: payments", "        " + MASKED)
        within(lambda: all("***" in text for _ in range(6) for text in numbers(made)), made)
        yield made


def within(wanted: Any, running: Running, seconds: float = 30) -> None:
    until = time.monotonic() + seconds
    while not wanted():
        assert time.monotonic() < until, running.log()[-3000:]
        time.sleep(0.1)


def call(running: Running, method: str, url: str, body: Any = None, **headers: str) -> Any:
    with running.installation.http() as http:
        one = Partner(running.partner.registration, running.partner.server, http, system_clock, system_random)
        return one.call(method, url, running.tokens, body, {k.replace("_", "-"): v for k, v in headers.items()})


def command(running: Running, line: str) -> str:
    arguments = [*shlex.split(line)[1:], "--policy", str(running.installation.policy)]
    done = subprocess.run([sys.executable, "-m", "ringfence", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, (line, done.stdout, done.stderr)
    return done.stdout


def numbers(running: Running) -> list[str]:
    accounts = call(running, "GET", running.installation.accounts_url).json()["Data"]["Account"]
    return [one["Identification"] for account in accounts for one in account["Account"]]


def pay(running: Running, key: str) -> Any:
    return call(running, "POST", running.installation.payments_url, payment(), x_idempotency_key=key)


def test_the_bank_has_neither_the_name_nor_the_reference_and_the_partner_has_both(running: Running) -> None:
    made = [pay(running, f"k{number}") for number in range(6)]
    assert {answer.status_code for answer in made} == {201}, made[0].text
    initiations = [answer.json()["Data"]["Initiation"] for answer in made]
    assert {one["InstructionIdentification"] for one in initiations} == {SECRETS[0]}
    tokens = {one["EndToEndIdentification"] for one in initiations}
    assert len(tokens) == 1  # whichever worker made it
    assert SECRETS[1] not in tokens
    again = pay(running, "k0")
    assert (again.headers["idempotent-replayed"], again.content) == ("true", made[0].content)
    url = f"{running.installation.payments_url}/{made[0].json()['Data']['DomesticPaymentId']}"
    read = call(running, "GET", url).json()["Data"]["Initiation"]
    assert (read["InstructionIdentification"], read["EndToEndIdentification"]) == SECRETS
    running.wait_for_event("field.revealed.v1", lambda event: event["field"] == "end-to-end" and event["count"] == 1)
    kept = [
        path
        for folder in ("bank", "state")
        for path in (running.installation.directory / folder).rglob("*")
        if path.is_file() and any(secret.encode() in path.read_bytes() for secret in SECRETS)
    ]
    assert kept == []


def test_numbers_are_masked_on_every_worker(running: Running) -> None:
    for text in numbers(running):
        assert text.startswith("******")
        assert text[-4:].isalnum()


def test_a_member_that_the_consent_does_not_cover_does_not_leave(running: Running) -> None:
    accounts = call(running, "GET", running.installation.accounts_url).json()["Data"]["Account"]
    assert accounts
    for account in accounts:
        assert "Currency" in account
        assert "Nickname" not in account
    taken = ["consent:/Data/Account/*/Nickname"]
    running.wait_for_event("call.decided.v1", lambda event: event.get("stripped") == taken)


def test_after_the_kek_was_replaced_and_the_workers_killed_everything_opens(running: Running) -> None:
    made = pay(running, "r1").json()["Data"]["DomesticPaymentId"]
    own = f"data@client:{running.partner.registration.client_id}"
    assert re.search(r"[1-9]\d* data keys were wrapped anew", command(running, f"ringfence keys rotate {own}"))
    for worker in ("gateway-0", "gateway-1"):
        os.kill(running.role_pid(worker), signal.SIGKILL)

    def opens() -> bool:
        answer = call(running, "GET", f"{running.installation.payments_url}/{made}")
        found = answer.status_code == 200
        assert not found or answer.json()["Data"]["Initiation"]["InstructionIdentification"] == SECRETS[0]
        return found

    within(opens, running)
    within(lambda: pay(running, "r2").status_code == 201, running)


def test_a_partners_own_key_wraps_what_is_theirs(running: Running, tmp_path: Path) -> None:
    before = pay(running, "b1").json()["Data"]["DomesticPaymentId"]
    text = PAGE.read_text("utf-8").partition("### A partner's own key")[2].partition("### Shredding")[0]
    (tmp_path / "theirs.key").write_bytes(system_random(32))
    told = {"CLIENT": running.partner.registration.client_id, "IMPORT": ""}
    for line in re.findall(r"^\$ (.*)$", text, re.MULTILINE):
        asked = re.sub(r"\b(CLIENT|IMPORT)\b", lambda found: told[found[1]], line)
        if line.startswith("openssl"):
            subprocess.run(["sh", "-ec", asked], cwd=tmp_path, capture_output=True, check=True)
            continue
        said = command(running, re.sub(r"(wrapping\.pem|wrapped\.key)", rf"{tmp_path}/\1", asked))
        if found := re.match(r"import_\w+", said):
            told["IMPORT"] = found[0]
    assert f"is active, imported for data@client:{told['CLIENT']}" in said
    running.wait_for_event("key.changed.v1", lambda event: event["why"] == "imported: their contract")
    read = call(running, "GET", f"{running.installation.payments_url}/{before}")
    assert read.json()["Data"]["Initiation"]["InstructionIdentification"] == SECRETS[0]
    assert pay(running, "b2").status_code == 201


def test_after_a_partners_keys_were_shredded_nothing_of_before_opens_and_what_comes_does(
    running: Running, home: Path
) -> None:
    if os.getuid() != 0:
        pytest.skip("only root can become two operators")
    before = pay(running, "s1")
    client = running.partner.registration.client_id
    text = PAGE.read_text("utf-8").partition("### Shredding")[2]
    lines = re.findall(r"^\$ (ringfence keys .*)$", text, re.MULTILINE)
    assert [line.split()[2] for line in lines] == ["shred", "shred", "approve"]
    told = {"CLIENT": client, "SOCKET": f"{home}/approve.sock"}
    look, ask, approve = [re.sub(r"\b(CLIENT|SOCKET)\b", lambda found: told[found[1]], line) for line in lines]
    assert json.loads(command(running, f"{look} --json"))["data_keys"] >= 3
    wish = json.loads(command(running, f"{ask} --no-wait --json"))["wish"]
    for uid, said in zip(OPERATORS, ("1 of 2", "2 of 2"), strict=True):
        approved = as_operator(uid, approve.replace("WISH", wish))
        assert said in approved.stdout, approved.stderr
        assert f"shred client:{client}" in approved.stdout

    def read(payment: Any) -> Any:
        return call(
            running, "GET", f"{running.installation.payments_url}/{payment.json()['Data']['DomesticPaymentId']}"
        )

    within(lambda: all(read(before).status_code == 502 for _ in range(6)), running)
    assert SECRETS[0] not in read(before).text
    assert pay(running, "s1").status_code != 201  # the kept answer went, too, and the bank is not asked twice
    after = pay(running, "s2")
    assert after.status_code == 201
    opened = read(after).json()["Data"]["Initiation"]
    assert (opened["InstructionIdentification"], opened["EndToEndIdentification"]) == SECRETS
    by = "+".join(f"uid:{uid}" for uid in OPERATORS)
    running.wait_for_event(
        "data.shredded.v1", lambda event: (event["client"], event["wish"], event["by"]) == (client, wish, by)
    )
    ends = [one["state"] for one in running.events("key.changed.v1") if one.get("client") == client]
    assert ends.count("destroyed") == 3  # the first one, the one that took its place, and the partner's own
    key = (running.installation.directory / "state" / "audit" / "log.keys").read_text().strip()
    assert command(running, f"ringfence audit verify --key '{key}'").splitlines()[-1] == "VERIFIED"
