import pytest
import typer
from joserfc import jwt
from joserfc.jwk import ECKey
from typer.testing import CliRunner

from ringfence.cli import proof
from ringfence.demo.dpop import sha256_base64url

KEY = ECKey.generate_key("P-256")


@pytest.fixture
def run(tmp_path):
    app = typer.Typer()
    app.callback()(lambda: None)
    proof.register(app)
    (tmp_path / "key").write_bytes(KEY.as_pem(private=True))
    (tmp_path / "token").write_text("abc\n")

    def invoke(*arguments: str):
        places = [
            argument.format(key=tmp_path / "key", token=tmp_path / "token", here=tmp_path) for argument in arguments
        ]
        return CliRunner().invoke(app, ["proof", *places])

    return invoke


def test_it_prints_a_proof_for_the_call_and_nothing_else(run):
    result = run("--key", "{key}", "--token", "{token}", "--method", "post", "--url", "https://x.example/a?b=c")
    assert result.exit_code == 0
    claims = jwt.decode(result.stdout.strip(), KEY, algorithms=["ES256"]).claims
    assert (claims["htm"], claims["htu"], claims["ath"]) == ("POST", "https://x.example/a", sha256_base64url("abc"))


def test_without_a_token_there_is_no_hash_of_one(run):
    result = run("--key", "{key}", "--url", "https://x.example")
    assert "ath" not in jwt.decode(result.stdout.strip(), KEY, algorithms=["ES256"]).claims


@pytest.mark.parametrize("kind", ["public", "curve", "rubbish", "absent"])
def test_a_key_that_cannot_sign_is_refused_in_words(run, tmp_path, kind):
    contents = {
        "public": KEY.as_pem(private=False),
        "curve": ECKey.generate_key("P-384").as_pem(private=True),
        "rubbish": b"no key",
    }
    if kind in contents:
        (tmp_path / "other").write_bytes(contents[kind])
    result = run("--key", "{here}/other", "--url", "https://x.example")
    assert result.exit_code == 2
    assert "other" in result.stderr
    assert "Traceback" not in result.stderr
