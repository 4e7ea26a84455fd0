import pytest

from ringfence.keys.backend import BackendFailed
from ringfence.keys.providers.vault import VaultKeys
from ringfence.keys.purposes import Kind
from tests.transit_server import TOKEN, TransitServer


def test_the_token_is_read_anew_as_an_agent_renews_it(tmp_path):
    token = tmp_path / "token"
    token.write_text("old")
    with TransitServer() as server:
        keys = VaultKeys(server.url, token)
        token.write_text(TOKEN)
        assert keys.generate(Kind.ES256, "key_1") == b"ES256|key_1"


@pytest.mark.parametrize("answer", ["", "vault", "vault:v1", "vault:v1:!!"])
def test_an_answer_that_is_none_is_a_fault(tmp_path, monkeypatch, answer):
    (tmp_path / "token").write_text(TOKEN)
    with TransitServer() as server:
        keys = VaultKeys(server.url, tmp_path / "token")
        handle = keys.generate(Kind.HMAC256, "key_1")
        monkeypatch.setattr(server, "answer", lambda *_: {"hmac": answer})
        with pytest.raises(BackendFailed):
            keys.mac(handle, b"x")


def test_the_keys_cannot_be_taken_out(tmp_path):
    (tmp_path / "token").write_text(TOKEN)
    asked = []
    with TransitServer() as server:
        real = server.answer
        server.answer = lambda *call: asked.append(call) or real(*call)
        VaultKeys(server.url, tmp_path / "token").generate(Kind.AES256, "key_1")
    (_, _, body) = asked[0]
    assert (body["exportable"], body["allow_plaintext_backup"]) == (False, False)
