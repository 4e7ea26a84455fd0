"""Registration in a policy file: keys come to stand in it, and each mistake is told with its place."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from ringfence.policy.load import PolicyMistakes, load

KEYS = {"keys": [{"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA", "kid": "1"}]}


def with_registration(installation: Callable[..., Path], text: str) -> Path:
    return installation(("  scopes: {pay: Pay}\n", f"  scopes: {{pay: Pay}}\n  registration: {text}\n"))


def told(path: Path) -> str:
    with pytest.raises(PolicyMistakes) as found:
        load(path)
    return "\n".join(f"{m.message}; {m.instead}" for m in found.value.mistakes)


def test_a_key_set_is_read_from_its_file(installation: Callable[..., Path]) -> None:
    issuer = "{require: [statement], statement_issuers: [{issuer: https://d.example, jwks: d.json}]}"
    path = with_registration(installation, issuer)
    (path.parent / "d.json").write_text(json.dumps(KEYS))
    loaded = load(path)
    assert loaded.policy.oauth.registration is not None
    assert loaded.policy.oauth.registration.statement_issuers[0].jwks == KEYS
    assert loaded.schema_files == (path.parent / "d.json",)
    (path.parent / "d.json").write_text(json.dumps(KEYS | {"more": 1}))
    assert load(path).digest != loaded.digest


@pytest.mark.parametrize("content", ["[]", "{}", '{"keys": []}', '{"keys": [1]}', "nonsense"])
def test_a_file_without_keys(content: str, installation: Callable[..., Path]) -> None:
    issuer = "{require: [statement], statement_issuers: [{issuer: https://d.example, jwks: d.json}]}"
    path = with_registration(installation, issuer)
    assert "cannot be used" in told(path)
    (path.parent / "d.json").write_text(content)
    assert "cannot be used" in told(path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{require: []}", "require"),
        ("{require: [nothing]}", "require"),
        ("{}", "require"),
        ("{require: [statement]}", "no software statement could ever be believed"),
        ("{require: [invitation], statement_issuers: [{issuer: i}]}", "one place"),
        ("{require: [invitation], statement_issuers: [{issuer: i, jwks: {}, jwks_uri: 'http://d.example/'}]}", "jwks_uri"),
        ("{require: [invitation], scopes: [pya]}", "there is no scope `pya`"),
        ("{require: [invitation], grant_types: [refresh_token]}", "refresh tokens"),
        ("{require: [invitation], authentication: [tls_client_auth]}", "no mTLS listener"),
        (
            "{require: [invitation], statement_issuers: [{issuer: i, jwks_uri: 'https://d.example/'}, {issuer: i, jwks_uri: 'https://d.example/'}]}",
            "stands there twice",
        ),
        ("{require: [invitation], statement_issuers: [{issuer: i, jwks_uri: 'https://d.example/', algorithms: [none]}]}", "algorithms"),
    ],
)  # fmt: skip
def test_mistakes(text: str, said: str, installation: Callable[..., Path]) -> None:
    assert said in told(with_registration(installation, text))


def test_profiles_stand_there_once(installation: Callable[..., Path]) -> None:
    path = installation(("  scopes: {pay: Pay}\n", "  scopes: {pay: Pay}\n  clients: {profiles: [fapi2, fapi2]}\n"))
    assert "twice" in told(path)
