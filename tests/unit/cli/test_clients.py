"""`ringfence clients`, from a key to a client's end."""

import base64
import datetime as dt
import json
import stat
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key


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


def test_a_key_for_encryption_is_registered_shown_and_replaced(managed, ok, add, place: Path) -> None:
    ok(add())
    signing = json.loads(ok(managed("clients", "show", "Acme", "--json")))["jwks"]["keys"]
    file = place / "both.json"
    for kid in ("e1", "e2"):
        file.write_text(json.dumps({"keys": [*signing, signing[0] | {"kid": kid, "use": "enc", "alg": "ECDH-ES"}]}))
        said = ok(managed("clients", "keys", "Acme", "--jwks", str(file)))
        shown = json.loads(ok(managed("clients", "show", "Acme", "--json")))
        assert [(key["kid"], key["use"]) for key in shown["jwks"]["keys"]] == [(signing[0]["kid"], "sig"), (kid, "enc")]
        assert shown["retired_keys"] == []
        assert "taken until" not in said
    assert "e2" in ok(managed("clients", "show", "Acme"))
    file.write_text(json.dumps({"keys": [*signing, signing[0] | {"kid": "e", "use": "enc", "alg": "RSA1_5"}]}))
    refused = managed("clients", "keys", "Acme", "--jwks", str(file))
    assert refused.exit_code == 1
    assert "sealed by here" in refused.stderr


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


def test_new_keys_and_what_is_left_of_the_old(managed, ok, add, place: Path) -> None:
    client = json.loads(ok(add("Acme", "--json")))
    kid = client["jwks"]["keys"][0]["kid"]
    other = json.loads(ok(add("Other", "--json")))
    file = place / "new.json"
    file.write_text(json.dumps(other["jwks"]))
    assert f"Its key {kid} is taken until" in ok(managed("clients", "keys", "Acme", "--jwks", str(file)))
    assert "is taken until" not in ok(
        managed("clients", "keys", "Acme", "--jwks-uri", "https://keys.acme.example/", "--at-once")
    )
    shown = json.loads(ok(managed("clients", "show", "Acme", "--json")))
    assert (shown["jwks"], shown["retired_keys"], shown["jwks_uri"]) == ({}, [], "https://keys.acme.example/")
    assert managed("clients", "keys", "Acme").exit_code == 2
    assert managed("clients", "keys", "Acme", "--jwks", str(file), "--jwks-uri", "x").exit_code == 2


def test_partners_are_invited_and_handed_over_to(managed, ok, add) -> None:
    made = json.loads(ok(managed("clients", "invite", "Kestrel", "--uses", "2", "--days", "3", "--json")))
    assert (made["name"], made["uses_left"], len(made["initial_access_token"])) == ("Kestrel", 2, 43)
    assert "initial_access_token: " in ok(managed("clients", "invite", "Kestrel"))
    ok(add("Acme"))
    first = json.loads(ok(managed("clients", "registration-token", "Acme", "--json")))
    assert len(first["registration_access_token"]) == 43
    assert first["registration_access_token"] not in ok(managed("clients", "registration-token", "Acme"))
    assert managed("clients", "registration-token", "Nobody").exit_code == 1


def test_a_certificate_that_ends_soon_is_in_the_list(managed, ok, place: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name, now = x509.Name.from_rfc4514_string("CN=shorty"), dt.datetime.now(dt.UTC)
    built = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    built = built.serial_number(1).not_valid_before(now).not_valid_after(now + dt.timedelta(days=5))
    file = place / "short.pem"
    file.write_bytes(built.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM))
    ok(managed("clients", "add", "Shorty", "--certificate", str(file), "--scope", "accounts"))
    assert "certificate" in ok(managed("clients", "list")).splitlines()[1]
    (client,) = json.loads(ok(managed("clients", "list", "--json")))
    assert [(end["what"].split()[0], end["soon"]) for end in client["ends"]] == [("certificate", True)]


def test_what_a_client_is_held_to(managed, ok, add) -> None:
    held = ("--dpop-algorithm", "EdDSA", "--assertion-algorithm", "ES256", "--request-algorithm", "ES256", "--pairwise")
    client = json.loads(ok(add("Acme", *held, "--json")))
    assert (client["dpop_algorithm"], client["assertion_algorithm"]) == ("EdDSA", "ES256")
    assert (client["subject_type"], client["sector"]) == ("pairwise", "a.example")
    refused = add("Other", "--dpop-algorithm", "HS256")
    assert refused.exit_code == 1
    assert "dpop-algorithm: is one of" in refused.stderr


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
