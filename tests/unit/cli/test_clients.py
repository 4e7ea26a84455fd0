"""`ringfence clients`, from a key to a client's end."""

import base64
import json
import stat
from pathlib import Path

from cryptography.hazmat.primitives.serialization import load_pem_private_key


def test_a_client_from_its_key_to_its_end(managed, ok, add, place: Path) -> None:
    assert "no client yet" in ok(managed("clients", "list"))
    client = json.loads(ok(add("Acme", "--json")))
    key = place / "Acme.pem"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    private = load_pem_private_key(key.read_bytes(), None)
    assert private.public_key().public_numbers().x == int.from_bytes(
        base64.urlsafe_b64decode(client["jwks"]["keys"][0]["x"] + "==")
    )
    assert json.loads(ok(managed("clients", "list", "--json"))) == [client]
    assert "Acme" in ok(managed("clients", "list"))
    assert json.loads(ok(managed("clients", "show", "Acme", "--json"))) == client
    assert client["client_id"] in ok(managed("clients", "show", client["client_id"]))
    assert "suspended" in ok(managed("clients", "suspend", "Acme"))
    assert json.loads(ok(managed("clients", "suspend", "Acme", "--json")))["status"] == "suspended"
    assert "active" in ok(managed("clients", "activate", "Acme"))
    assert "revoked" in ok(managed("clients", "revoke", "Acme"))
    refused = managed("clients", "activate", "Acme")
    assert refused.exit_code == 1
    assert "stays revoked" in refused.stderr
    assert managed("clients", "remove", "Acme", stdin="n\n").exit_code == 1
    assert "removed" in ok(managed("clients", "remove", "Acme", stdin="y\n"))
    assert managed("clients", "show", "Acme").exit_code == 1


def test_a_refused_client_leaves_no_key_and_an_existing_file_is_not_overwritten(managed, ok, add, place: Path) -> None:
    refused = add("Acme", "--scope", "admin")
    assert refused.exit_code == 1
    assert "scopes 1: is not a scope of the policy" in refused.stderr
    assert not (place / "Acme.pem").exists()
    (place / "Acme.pem").write_text("precious")
    assert add().exit_code == 1
    assert (place / "Acme.pem").read_text() == "precious"
    assert json.loads(ok(managed("clients", "list", "--json"))) == []


def test_a_jwks_file_is_read_and_a_private_one_refused(managed, ok, add, place: Path) -> None:
    ok(add())
    public = json.loads(ok(managed("clients", "show", "Acme", "--json")))["jwks"]
    file = place / "jwks.json"
    base = ("clients", "add", "Other", "--jwks", str(file), "--scope", "accounts")
    for content, code in (
        (json.dumps({"keys": [public["keys"][0] | {"d": "AAAA"}]}), 1),
        ("[]", 1),
        ("nonsense", 1),
        (json.dumps(public), 0),
    ):
        file.write_text(content)
        assert managed(*base).exit_code == code
    shown = json.loads(ok(managed("clients", "show", "Other", "--json")))
    assert shown["grant_types"] == ["client_credentials"]


def test_a_resource_server_is_registered_with_a_key_and_no_more(managed, ok, place: Path) -> None:
    words = ("clients", "add", "Bank API", "--resource-server", "--generate-key", str(place / "api.pem"))
    client = json.loads(ok(managed(*words, "--json")))
    assert (client["grant_types"], client["scopes"], client["redirect_uris"]) == ([], [], [])
    refused = managed(*words, "--scope", "accounts")
    assert refused.exit_code == 2
    assert "resource server" in refused.output


def test_keys_may_be_at_an_url_of_the_client(managed, ok) -> None:
    base = ("clients", "add", "Remote", "--scope", "accounts", "--jwks-uri")
    assert managed(*base, "https://localhost/jwks").exit_code == 1
    assert managed(*base, "https://keys.example/jwks", "--generate-key", "k.pem").exit_code == 2
    ok(managed(*base, "https://keys.example/jwks"))
    assert json.loads(ok(managed("clients", "show", "Remote", "--json")))["jwks_uri"] == "https://keys.example/jwks"


def test_a_client_that_signs_its_requests(managed, ok, add) -> None:
    client = json.loads(ok(add("Acme", "--profile", "fapi2-message-signing", "--json")))
    assert client["require_signed_request_object"] is True
    assert client["response_modes"] == ["jwt"]
    assert add("Other", "--profile", "fapi9").exit_code == 1


def test_a_client_that_asks_without_a_redirect_and_is_told_of_logouts(managed, ok, add) -> None:
    client = json.loads(
        ok(
            add(
                "Till",
                *("--ciba", "ping", "--notification-endpoint", "https://till.example/ping"),
                *("--logout-uri", "https://till.example/out", "--logout-session-required"),
                *("--post-logout-redirect-uri", "https://till.example/bye"),
                "--json",
            )
        )
    )
    assert client["grant_types"] == ["authorization_code", "urn:openid:params:grant-type:ciba", "refresh_token"]
    assert client["backchannel_token_delivery_mode"] == "ping"
    assert client["backchannel_logout_session_required"] is True
    assert client["post_logout_redirect_uris"] == ["https://till.example/bye"]
    refused = add("Push", "--ciba", "push")
    assert refused.exit_code == 1
    inward = add("Inward", "--ciba", "ping", "--notification-endpoint", "https://127.0.0.1/ping")
    assert inward.exit_code == 1
    assert "cannot be posted to" in inward.output
