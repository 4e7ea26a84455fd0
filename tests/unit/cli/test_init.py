import json
import os
import stat
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from ringfence.cli import check, init
from ringfence.policy.load import load

DOCUMENT = """\
openapi: 3.1.0
info: {title: 'Alder "Bank" API: payments', version: 2.1.0}
servers: [{url: https://bank.example/pay/v2}]
paths:
  /payments:
    get:
      operationId: listPayments
      security: [{o: [payments]}]
      responses: {'200': {description: ok}}
    post:
      operationId: makePayment
      security: [{c: [payments]}]
      requestBody: {content: {application/xml: {schema: {}}, application/json: {schema: {type: object}}}}
      responses: {'201': {description: ok}}
components:
  securitySchemes:
    o: {type: oauth2, flows: {authorizationCode: {authorizationUrl: x, tokenUrl: x, scopes: {payments: Make payments}}}}
    c: {type: oauth2, flows: {clientCredentials: {tokenUrl: x, scopes: {payments: Make payments}}}}
"""
SHARED = Path(__file__).parents[4] / "shared" / "openapi"
DOCUMENTS = sorted(SHARED.glob("*")) if SHARED.is_dir() else []

runner = CliRunner()
app = typer.Typer()
init.register(app)
check.register(app)


@pytest.fixture
def document(tmp_path: Path) -> Path:
    path = tmp_path / "bank.yaml"
    path.write_text(DOCUMENT)
    return path


def run(*words: object) -> tuple[int, str]:
    result = runner.invoke(app, [str(w) for w in words])
    return result.exit_code, result.output


def test_an_installation_is_complete_and_good(tmp_path: Path, document: Path) -> None:
    home = tmp_path / "home"
    code, said = run(
        "init", home, "--openapi", document, "--upstream", "http://127.0.0.1:9000/api", "--public-port", 9443
    )
    assert code == 0, said
    loaded = load(home / "ringfence.yaml")
    (version,) = loaded.policy.apis[0].versions
    assert (loaded.policy.issuer, loaded.policy.apis[0].name, version.name) == (
        "https://localhost:9443",
        "alder-bank-payments",
        "v2",
    )
    assert (version.base_path, version.upstream.url) == ("/pay/v2", "http://127.0.0.1:9000/api")
    assert loaded.policy.oauth.scopes == {"payments": "Make payments"}
    listing, making = loaded.table.operations
    assert (listing.demands.user_required, making.demands.user_required) == (True, False)
    assert {w.fault for w in loaded.waived} == {"unchecked-body", "free-form-object"}
    assert "free-form-object at /paths/~1payments/post" in said.replace("\n", "")
    assert (home / "openapi" / "bank.yaml").read_text() == DOCUMENT
    for key in ("certs/server.key", "certs/ca.key", "keys/token-signing.pem"):
        assert stat.S_IMODE((home / key).stat().st_mode) == 0o600
    assert "ringfence up" in said


def test_a_directory_with_something_in_it_is_left_alone(tmp_path: Path, document: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "mine").write_text("x")
    words = ("init", home, "--openapi", document, "--upstream", "http://127.0.0.1:9000")
    code, said = run(*words)
    assert code == 1
    assert "--force" in said
    assert [p.name for p in home.iterdir()] == ["mine"]
    assert run(*words, "--force")[0] == 0
    key = (home / "keys" / "token-signing.pem").read_bytes()
    assert run(*words, "--force", "--name", "other", "--base-path", "")[0] == 0
    assert (home / "keys" / "token-signing.pem").read_bytes() == key
    assert load(home / "ringfence.yaml").policy.apis[0].versions[0].base_path == ""


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--upstream", "https://127.0.0.1"), "upstream"),
        (("--upstream", "http://host:99999"), "--upstream"),
        (("--upstream", "http://h", "--base-path", "no-slash"), "base_path"),
        (("--upstream", "http://h", "--name", "a name"), "name"),
        (("--upstream", "http://h", "--mtls-port", "8443"), "--mtls-port"),
    ],
)
def test_options_that_cannot_stand_in_a_policy(
    tmp_path: Path, document: Path, options: tuple[str, ...], said: str
) -> None:
    code, output = run("init", tmp_path / "home", "--openapi", document, *options)
    assert code == 1
    assert said in output
    assert not (tmp_path / "home" / "ringfence.yaml").exists()


def test_a_document_that_leads_out_of_itself_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "evil.yaml"
    path.write_text("openapi: 3.0.3\npaths: {/a: {$ref: 'file:///etc/passwd'}}\n")
    code, said = run("init", tmp_path / "home", "--openapi", path, "--upstream", "http://h")
    assert code == 1
    assert "remote-reference at /paths/~1a" in said
    assert not (tmp_path / "home").exists()


def test_text_of_the_document_cannot_break_out_of_the_policy(tmp_path: Path) -> None:
    path = tmp_path / "evil.json"
    title = 'x"\nissuer: https://evil.example\n# \u2028 {{'
    path.write_text(
        json.dumps(
            {
                "openapi": "3.0.3",
                "info": {"title": title, "version": '1"'},
                "paths": {"/a": {"get": {"operationId": 'a"\nb: ', "responses": {}}}},
            }
        )
    )
    assert run("init", tmp_path / "home", "--openapi", path, "--upstream", "http://h")[0] == 0
    assert load(tmp_path / "home" / "ringfence.yaml").policy.issuer == "https://localhost:8443"


@pytest.mark.skipif(not DOCUMENTS, reason="the public documents in ../shared/openapi are absent")
@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda p: p.name)
def test_every_public_document_becomes_a_good_policy(tmp_path: Path, path: Path) -> None:
    home = tmp_path / "home"
    code, said = run("init", home, "--openapi", path, "--upstream", "http://127.0.0.1:9000")
    assert code == 0, said
    code, said = run("check", home / "ringfence.yaml", "--json")
    judged = json.loads(said)
    assert code == 0
    assert judged["operations"] >= 28
    assert all(fault["tolerated"] for fault in judged["waived"])
    text = (home / "ringfence.yaml").read_text()
    without = text[: text.index("        waivers:")] + text[text.index("\n# What happens when") :]
    (home / "ringfence.yaml").write_text(without)
    assert run("check", home / "ringfence.yaml")[0] == 1


@pytest.mark.parametrize("where", ["file", "file/below", "/proc/nowhere", "keys-is-a-file"])
def test_a_place_that_cannot_be_written_is_said_so(tmp_path: Path, document: Path, where: str) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "keys-is-a-file").mkdir()
    (tmp_path / "keys-is-a-file" / "keys").touch()
    result = runner.invoke(
        app, ["init", str(tmp_path / where), "--openapi", str(document), "--upstream", "http://u", "--force"]
    )
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    assert "cannot be written" in result.stderr


def test_a_link_is_replaced_and_not_followed(tmp_path: Path, document: Path) -> None:
    precious, home = tmp_path / "precious", tmp_path / "home"
    precious.write_text("precious")
    (home / "openapi").mkdir(parents=True)
    for name in ("ringfence.yaml", "openapi/bank.yaml"):
        (home / name).symlink_to(precious)
    code, said = run("init", home, "--openapi", document, "--upstream", "http://127.0.0.1:9000", "--force")
    assert code == 0, said
    assert precious.read_text() == "precious"
    assert load(home / "ringfence.yaml")


def test_nobody_else_can_write_what_was_made_whatever_the_umask(tmp_path: Path, document: Path) -> None:
    before = os.umask(0)
    try:
        code, said = run("init", tmp_path / "home", "--openapi", document, "--upstream", "http://127.0.0.1:9000")
    finally:
        os.umask(before)
    assert code == 0, said
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "home").rglob("*")}
    assert [path for path, mode in modes.items() if mode & 0o022] == []
    assert [path for path, mode in modes.items() if path.suffix == ".key" and mode & 0o077] == []


def test_a_document_s_words_reach_neither_the_policy_s_lines_nor_the_terminal(tmp_path: Path) -> None:
    document = tmp_path / "bank.yaml"
    hostile = DOCUMENT.replace("'Alder \"Bank\" API: payments'", r'"A\e]0;x\a\nissuer: evil\u2028x: 1\x9b31m"')
    hostile = hostile.replace("operationId: listPayments", r'operationId: "o\e[31m"')
    document.write_text(hostile.replace("{payments: Make payments}", r'{payments: "Pay\nx: 1\x9b\e[1m"}'))
    code, said = run("init", tmp_path / "home", "--openapi", document, "--upstream", "http://127.0.0.1:9000")
    assert all(c.isprintable() or c == "\n" for c in said), said
    if code == 0:
        loaded = load(tmp_path / "home" / "ringfence.yaml")
        assert loaded.policy.issuer == "https://localhost:8443"
