"""`ringfence audit`: over the files of a log that the real role wrote."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

sys.path.insert(0, str(Path(__file__).parents[1] / "app"))

from audited import call, signer, write

from ringfence.cli.main import app
from ringfence.clock import Instant, system_clock
from ringfence.edge.certificates import create_development_certificates
from ringfence.policy.load import load

OPENAPI = """\
openapi: 3.1.0
info: {title: Bank, version: "1"}
paths: {/things: {get: {operationId: GetThings, responses: {"200": {description: Things}}}}}
"""
POLICY = """\
version: 1
issuer: https://localhost:8443
listeners:
  public: {address: 127.0.0.1, port: 8443, tls: {certificate: certs/server.pem, key: certs/server.key}}
oauth: {scopes: {things: See things}}
apis:
  - name: bank
    versions:
      - name: v1
        openapi: bank.yaml
        upstream: {url: "http://127.0.0.1:9"}
        defaults: {scopes: [things]}
        waivers: [{fault: no-security, at: "/paths/~1things/get", reason: a test}]
on_outage: {fast_state: refuse, records: refuse, events: refuse, upstream: refuse}
"""


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    directory = tmp_path_factory.mktemp("cli")
    create_development_certificates(directory / "certs", ["localhost"], Instant(system_clock()))
    (directory / "bank.yaml").write_text(OPENAPI)
    (directory / "ringfence.yaml").write_text(POLICY)
    calls = [call(n, reason="token-missing" if n == 3 else "") for n in range(10)]
    asyncio.run(write(directory / "ringfence.yaml", calls))
    with signer(load(directory / "ringfence.yaml").places):
        yield directory / "ringfence.yaml"


@pytest.fixture
def ran(policy: Path):
    def run(*arguments: str, code: int = 0) -> str:
        result = CliRunner().invoke(app, ["audit", *arguments, "--policy", str(policy)])
        assert result.exit_code == code, result.output
        return result.output

    return run


def test_search_narrows_down_and_shows_what_may_be_read(ran) -> None:
    found = json.loads(ran("search", "--reason", "token-missing", "--json"))
    assert [(f["place"], f["personal"], f["event"]["user"]) for f in found] == [(3, "open", "user_a")]
    assert len(json.loads(ran("search", "--user", "user_a", "--limit", "4", "--json"))) == 4
    assert json.loads(ran("search", "--until", "2001-01-01", "--json")) == []
    assert "Nothing in the log fits." in ran("search", "--client", "other")
    assert "call.decided.v1" in ran("search", "--since", "2001-01-01T00:00:00Z")
    assert "nothing under a key" in ran("search", "--user", "user_z", code=1)
    assert "not a time" in ran("search", "--since", "yesterday", code=2)


def test_verify_with_the_key_that_was_noted_and_without(ran, tmp_path: Path) -> None:
    key = ran("keys").strip()
    assert ran("verify", "--key", key).splitlines()[-1] == "VERIFIED"
    assert "BY ITS OWN KEYS" in ran("verify")
    assert json.loads(ran("verify", "--key", key, "--json"))["verified"] is True
    (tmp_path / "seen").write_text(ran("checkpoint"))
    assert "VERIFIED" in ran("verify", "--key", key, "--seen", str(tmp_path / "seen"))
    other = key.replace("localhost", "elsewhere")
    assert "cannot be read" in ran("verify", "--key", other, code=1)
    assert "No such file" in ran("verify", "--key", key, "--seen", str(tmp_path / "absent"), code=1)
    assert "WRONG: there is no checkpoint" in ran("verify", "--key", key, "--directory", str(tmp_path), code=1)
    said = ran("verify", "--key", key, "--directory", str(tmp_path), "--json", code=1)
    assert json.loads(said[: said.rindex("}") + 1]) == {"verified": False, "wrong": "there is no checkpoint"}


def test_a_proof_goes_to_a_file_and_the_printed_script_verifies_it(ran, tmp_path: Path) -> None:
    (tmp_path / "verify.py").write_text(ran_script(ran))
    ran("prove", call(5).correlation, "--output", str(tmp_path / "proof.json"))
    command = [sys.executable, "-I", tmp_path / "verify.py", tmp_path / "proof.json", "--key", ran("keys").strip()]
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stdout
    assert said.stdout.splitlines()[-1] == "VERIFIED"
    assert "has the correlation id" in ran("prove", "nobody", code=1)
    assert "give a place" in ran("prove", code=2)
    assert "does not hold" in ran("prove", "--receipt", "v=1", code=1)


def ran_script(ran) -> str:
    result = CliRunner().invoke(app, ["audit", "verifier"])
    assert result.exit_code == 0
    return result.output


def test_export_writes_every_entry_a_line(ran, tmp_path: Path) -> None:
    ran("export", "--output", str(tmp_path / "all.jsonl"))
    lines = [json.loads(line) for line in (tmp_path / "all.jsonl").read_text().splitlines()]
    assert [line["place"] for line in lines] == list(range(len(lines)))[::-1]
    assert lines == [json.loads(line) for line in ran("export").splitlines()]


def test_shredding_goes_through_the_management_api(ran) -> None:
    assert "not running" in ran("shred", "user_a", "--yes", code=2)
    assert "Abort" in ran("shred", "user_a", code=1)


def test_without_a_log_it_says_so(tmp_path: Path) -> None:
    (tmp_path / "ringfence.yaml").write_text("state: s\n")
    result = CliRunner().invoke(app, ["audit", "search", "--policy", str(tmp_path / "ringfence.yaml")])
    assert result.exit_code == 1
    assert "There is no audit log in" in result.output
