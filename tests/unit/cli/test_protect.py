"""`ringfence protect` over a policy file; nothing has to run."""

import json
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from ringfence.cli.main import app
from tests.protected_bank import loaded

runner = CliRunner()


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    loaded(tmp_path, "mastercard-jwe")
    return tmp_path / "ringfence.yaml"


def run(policy: Path, *arguments: str, stdin: bytes | None = None) -> Result:
    return runner.invoke(app, ["protect", *arguments, "--policy", str(policy)], input=stdin)


def test_what_is_protected_is_listed(policy: Path) -> None:
    done = run(policy, "list")
    assert done.exit_code == 0, done.output
    rows = [" ".join(line.split()) for line in done.output.splitlines()]
    assert "pay request /to/iban blind_index bits=16" in rows
    assert "pay answer /lines/*/text mask clear_for=see" in rows
    assert "whole answer (all of it) seal mastercard-jwe" in rows
    told = json.loads(run(policy, "list", "--json").output)
    assert [one["operation"] for one in told] == ["pay", "whole"]
    assert told[0]["fields"][1] | {"at": "/to/iban", "mode": "encrypt", "resource": "bank/pay"} == told[0]["fields"][1]
    assert told[0]["fields"][-1] == {"at": "/to/iban", "on": "answer", "mode": "seal"}
    assert (told[1]["request_sealed"], told[1]["answer_sealed"]) == (None, "mastercard-jwe")
    (one,) = json.loads(run(policy, "list", "bank/v1/whole", "--json").output)
    assert one["path"] == "/whole"


def test_sealed_requests_are_listed_with_where_they_go(policy: Path) -> None:
    text = policy.read_text().replace(
        "            protect:\n",
        "            payload_encryption: {profile: visa-mle, request: required, at: {encTo: to}}\n            protect:\n",
    )
    policy.write_text(text)
    assert "pay request encTo→to unsealed visa-mle" in [
        " ".join(one.split()) for one in run(policy, "list").output.splitlines()
    ]


def test_a_document_is_tried(policy: Path) -> None:
    body = policy.with_name("body.json")
    body.write_text('{"amount": 1.10, "to": {"iban": "x1"}}')
    done = run(policy, "try", "pay", str(body))
    assert done.exit_code == 0, done.output
    assert '"amount": 1.10' in done.stdout
    assert "rf1." in done.stdout
    assert "/to/iban: encrypt, 1 place" in done.stderr
    told = json.loads(run(policy, "try", "pay", "-", "--json", stdin=body.read_bytes()).stdout)
    assert told["fields"][0] == {"at": "/to/iban", "mode": "blind_index", "places": 1}
    answer = run(policy, "try", "pay", str(body), "--on", "answer", "--scope", "see")
    assert json.loads(answer.stdout)["to"]["iban"].startswith("ey")


@pytest.mark.parametrize(
    ("arguments", "body", "said"),
    [
        (("try", "pay"), '{"to": [1]}', "field-unreadable"),
        (("try", "pay", "--on", "answer"), '{"to": [1]}', "upstream-field"),
        (("try", "pay"), "{", "not JSON of one meaning"),
        (("try", "pay"), '{"amount": "x\\u001b"}', "The schema does not take it: /amount: type"),
        (("try", "gone"), "{}", "There is no operation gone"),
        (("list", "gone"), "", "There is no operation gone"),
    ],
)
def test_what_would_be_refused_is_told(policy: Path, arguments: tuple[str, ...], body: str, said: str) -> None:
    file = policy.with_name("body.json")
    file.write_text(body)
    done = run(policy, *arguments[:2], *([str(file)] if arguments[0] == "try" else []), *arguments[2:])
    assert done.exit_code == 1
    assert said in done.output
    assert "\x1b" not in done.output


def test_files_and_policies_that_cannot_be_read(policy: Path, tmp_path: Path) -> None:
    assert "cannot be read" in run(policy, "try", "pay", str(tmp_path / "none.json")).output
    policy.write_text(policy.read_text().replace("/to/iban, on: answer, mode: seal", "/to/bic, on: answer, mode: seal"))
    done = run(policy, "list")
    assert done.exit_code == 1
    assert "/to/bic" in done.output
    text = policy.read_text()
    second = text[text.index("      - name: v1") : text.index("on_outage")]
    policy.write_text(
        text.replace("/to/bic", "/to/iban").replace(
            "on_outage",
            second.replace("name: v1", "name: v2\n        base_path: /v2").replace("/to/bic", "/to/iban") + "on_outage",
        )
    )
    done = run(policy, "list", "pay")
    assert "There are 2 operations of that name." in done.output
    assert "bank/v1/pay, bank/v2/pay" in done.output


def test_where_nothing_is_protected_it_says_so(policy: Path) -> None:
    text = policy.read_text()
    policy.write_text(text[: text.index("        operations:")] + text[text.index("on_outage") :])
    assert "No operation protects anything." in run(policy, "list").output
    assert json.loads(run(policy, "list", "--json").output) == []
