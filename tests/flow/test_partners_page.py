"""docs/partners.md does what it says: each example is run as it stands, against everything running."""

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from ringfence.app.installing import create_keys
from ringfence.clock import system_clock
from ringfence.demo.cast import register_customer
from ringfence.demo.customer import Customer
from ringfence.demo.installation import Installation, start, write_installation
from ringfence.demo.management import Management
from ringfence.demo.processes import Processes
from ringfence.edge.certificates import issue_client_certificate
from ringfence.ids import system_random
from ringfence.problem import Reason

pytestmark = pytest.mark.flow

PAGE = Path(__file__).parents[2] / "docs" / "partners.md"
SEALED = "GetAccountBalances: {payload_encryption: {profile: jwe, request: off, answer: required}}"
REDIRECT = "https://partner.example/callback"
FENCE = re.compile(r"^```(\w+) ?([\w.]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    language: str
    file: str
    text: str


BLOCKS = [Block(*found) for found in FENCE.findall(PAGE.read_text())]


@dataclass
class Workplace:
    """A partner's directory with everything that the page has written so far."""

    directory: Path
    environment: dict[str, str]
    customer: Customer
    management: Management

    def keep(self, block: Block) -> None:
        (self.directory / block.file).write_text(block.text)

    def bash(self, block: Block) -> str:
        script = f"set -euo pipefail\n{block.text}"
        ran = subprocess.run(
            ["bash", "-c", script],
            check=False,
            cwd=self.directory,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert ran.returncode == 0, f"{block.text}\n{ran.stdout}{ran.stderr}"
        if "authorize.url" in block.text:
            back = self.customer.consent(ran.stdout.strip())
            (self.directory / "callback.url").write_text(back)
        if "> both.jwks.json" in block.text:
            keys = {"jwks": self.json("both.jwks.json")}
            self.management._call("POST", f"/clients/{self.environment['CLIENT_ID']}/keys", keys)
        return ran.stdout

    def program(self, *command: str) -> list[str]:
        """Run a program that prints where to send the customer and reads where he came back to; return the rest."""
        with subprocess.Popen(
            command,
            cwd=self.directory,
            env=self.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as running:
            assert running.stdin
            assert running.stdout
            url = running.stdout.readline().strip()
            if url.startswith("https://"):
                running.stdin.write(self.customer.consent(url) + "\n")
            rest, errors = running.communicate(timeout=60)
            assert running.returncode == 0, f"{url}\n{rest}{errors}"
            return rest.splitlines()

    def json(self, name: str) -> dict:
        return dict(json.loads((self.directory / name).read_text()))


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    installation = write_installation(tmp_path_factory.mktemp("rf"), system_clock(), create_keys)
    text = installation.policy.read_text()
    defaults = "defaults: {scopes: [accounts], limits: [partner]}\n"
    assert defaults in text
    installation.policy.write_text(text.replace(defaults, f"{defaults}        operations: {{{SEALED}}}\n"))
    with Processes(installation.directory / "logs") as processes:
        start(installation, processes)
        with Management(installation.admin_socket) as management, installation.http() as browser:
            customer, _ = register_customer(installation, management, browser, system_random)
            yield installation, management, customer


@pytest.fixture(scope="module")
def workplace(installed, tmp_path_factory) -> Workplace:
    """A partner who has read the page as far as the registration."""
    installation, management, customer = installed
    directory = tmp_path_factory.mktemp("partner")
    authority = str(installation.authority)
    environment = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(directory),
        "ISSUER": installation.issuer,
        "API_URL": installation.accounts_url,
        "REDIRECT_URI": REDIRECT,
        "CURL_CA_BUNDLE": authority,
        "SSL_CERT_FILE": authority,
        "NODE_EXTRA_CA_CERTS": authority,
        "CLIENT_ID": "",
    }
    made = Workplace(directory, environment, customer, management)
    for block in BLOCKS[: 1 + next(n for n, block in enumerate(BLOCKS) if "sign.py jwks" in block.text)]:
        if block.file:
            made.keep(block)
        else:
            made.bash(block)
    made.environment["CLIENT_ID"] = management.add_client(
        {
            "name": "Partner",
            "jwks": made.json("client.jwks.json"),
            "redirect_uris": [REDIRECT],
            "scopes": ["accounts"],
        }
    )
    made.environment["MTLS_CLIENT_ID"] = with_certificate(installation, management, directory)
    return made


def with_certificate(installation: Installation, management: Management, directory: Path) -> str:
    certificate, key = issue_client_certificate(installation.authority.parent, "partner-page", system_clock())
    (directory / "partner.crt").write_bytes(certificate.read_bytes())
    (directory / "partner.key").write_bytes(key.read_bytes())
    return management.add_client(
        {
            "name": "Partner with a certificate",
            "authentication": "tls_client_auth",
            "tls_subject": "CN=partner-page",
            "binding": "mtls",
            "scopes": ["accounts"],
            "grant_types": ["client_credentials"],
        }
    )


def test_with_curl(workplace: Workplace) -> None:
    first = 1 + next(n for n, block in enumerate(BLOCKS) if "sign.py jwks" in block.text)
    for block in BLOCKS[first:]:
        if block.language == "bash":
            workplace.bash(block)
        elif block.file == "unseal.py":
            workplace.keep(block)
    assert workplace.json("accounts.json")["Data"]["Account"]
    assert workplace.json("tokens.json")["token_type"] == "DPoP"
    assert workplace.json("refreshed.json")["access_token"] != workplace.json("tokens.json")["access_token"]
    assert workplace.json("balances.json")["Data"]["Balance"]
    assert b"Balance" not in (workplace.directory / "balances.jose").read_bytes()
    assert (workplace.directory / "statuses").read_text().split() == ["200", "401"]
    assert workplace.json("last.json")["type"] == "urn:ringfence:problem:proof-replayed"
    assert workplace.json("own.json")["token_type"] == "Bearer"


def program(name: str) -> Block:
    (block,) = (block for block in BLOCKS if block.file == name)
    return block


def test_in_python(workplace: Workplace) -> None:
    workplace.keep(program("partner.py"))
    said = workplace.program(sys.executable, "partner.py")
    assert re.fullmatch(r"[1-9]\d* accounts", said[0])
    assert said[1:] == ["200"]


def test_in_javascript(workplace: Workplace, client_folder: Path) -> None:
    workplace.keep(program("partner.mjs"))
    if not (workplace.directory / "node_modules").exists():
        (workplace.directory / "node_modules").symlink_to(client_folder / "node_modules")
    said = workplace.program("node", "partner.mjs")
    assert len(said) == 2
    assert re.fullmatch(r"[1-9]\d* accounts", said[0])


def test_every_block_is_run() -> None:
    assert {block.language for block in BLOCKS if not block.file} == {"bash"}
    assert {block.file for block in BLOCKS} == {"", "sign.py", "unseal.py", "partner.py", "partner.mjs"}


def test_errors_of_the_page_are_ours() -> None:
    rows = [line for line in PAGE.read_text().splitlines() if line.startswith(("| `", "| 429"))]
    named = {name for row in rows for name in re.findall(r"\(`([a-z-]+)`\)", row)}
    assert len(named) >= 12
    assert named <= {reason.value for reason in Reason}
