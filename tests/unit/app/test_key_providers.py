import subprocess
import sys

import msgspec
import pytest

from ringfence.app.key_providers import open_backends, read_passphrase, settings_of
from ringfence.keys.ledger import Ledger
from ringfence.keys.ports import KeyUnusable
from ringfence.keys.purposes import Kind
from ringfence.policy.load import LoadedPolicy
from ringfence.policy.signer_model import AwsKms, Pkcs11, RotationRule, Seal, SignerPolicy, Vault


def with_signer(loaded: LoadedPolicy, signer: SignerPolicy) -> LoadedPolicy:
    return msgspec.structs.replace(loaded, policy=msgspec.structs.replace(loaded.policy, signer=signer))


def test_what_the_policy_says_of_new_keys(loaded):
    signer = SignerPolicy(
        provider="pkcs11",
        keep_local=("checkpoint",),
        algorithms={"message-signature": "EdDSA"},
        rotation={"token": RotationRule(days=30)},
    )
    found = settings_of(with_signer(loaded, signer).policy)
    assert found.providers["token"] == "pkcs11"
    assert found.providers["checkpoint"] == "local"
    assert found.kinds["message-signature"] is Kind.EDDSA
    assert found.kinds["token"] is Kind.ES256
    assert found.rules["token"].age == 30 * 86_400
    assert found.rules["set"].age == 60 * 86_400
    assert found.publish_ahead_of("token") == 3600
    assert found.publish_ahead_of("data") == 0
    assert (found.rules["checkpoint"].age, found.rules["checkpoint"].uses) == (0, 0)


@pytest.mark.parametrize(
    "signer",
    [
        SignerPolicy(keep_local=("tokens",)),
        SignerPolicy(algorithms={"nothing": "ES256"}),
        SignerPolicy(algorithms={"set": "EdDSA"}),
        SignerPolicy(algorithms={"data": "ES256"}),
        SignerPolicy(algorithms={"index": "A256GCM"}),
        SignerPolicy(algorithms={"set": "MLKEM768-X25519"}),
        SignerPolicy(algorithms={"message-signature": "MLKEM768-X25519"}),
        *(
            SignerPolicy(provider=name, keep_local=("checkpoint",), algorithms={"data": "MLKEM768-X25519"})
            for name in ("pkcs11", "aws_kms", "vault")
        ),
        SignerPolicy(rotation={"nothing": RotationRule()}),
        SignerPolicy(rotation={"checkpoint": RotationRule(days=30)}),
        SignerPolicy(algorithms={"checkpoint": "ES256"}),
        SignerPolicy(algorithms={"message-signature": "ML-DSA-44"}),
        SignerPolicy(provider="pkcs11"),
        SignerPolicy(provider="aws_kms", keep_local=("token",)),
    ],
)
def test_purposes_and_algorithms_that_are_none(loaded, signer):
    with pytest.raises(KeyUnusable, match="signer"):
        settings_of(with_signer(loaded, signer).policy)


@pytest.mark.parametrize("provider", ["pkcs11", "vault"])
def test_the_second_signature_on_checkpoints_needs_a_local_key(loaded, provider):
    policy = msgspec.structs.replace(
        loaded.policy, audit=msgspec.structs.replace(loaded.policy.audit, post_quantum=True)
    )
    signer = SignerPolicy(provider=provider, keep_local=("checkpoint",))
    with pytest.raises(KeyUnusable, match=r"keep_local:.*checkpoint-pq"):
        settings_of(msgspec.structs.replace(policy, signer=signer))
    signer = SignerPolicy(provider=provider, keep_local=("checkpoint", "checkpoint-pq"))
    assert settings_of(msgspec.structs.replace(policy, signer=signer)).providers["checkpoint-pq"] == "local"


@pytest.mark.parametrize("more", [{}, {"provider": "vault", "keep_local": ("data",)}])
def test_wrapping_by_ml_kem_and_x25519_is_for_keys_of_data_that_are_local(loaded, more):
    signer = SignerPolicy(algorithms={"data": "MLKEM768-X25519"}, **more)
    found = settings_of(with_signer(loaded, signer).policy)
    assert found.kinds["data"] is Kind.HYBRID
    assert found.providers["data"] == "local"


def test_passphrases(loaded, tmp_path):
    where = loaded.places
    assert read_passphrase(Seal(), where, {}) is None
    (tmp_path / "pass").write_text("open sesame\n")
    with pytest.raises(KeyUnusable, match="others"):
        read_passphrase(Seal(passphrase_file="pass"), where, {})
    (tmp_path / "pass").chmod(0o600)
    found = read_passphrase(Seal(passphrase_file="pass"), where, {})
    assert found is not None
    assert found.reveal() == "open sesame"
    with pytest.raises(KeyUnusable, match="no credentials"):
        read_passphrase(Seal(credential="root"), where, {})
    found = read_passphrase(Seal(credential="pass"), where, {"CREDENTIALS_DIRECTORY": str(tmp_path)})
    assert found is not None
    (tmp_path / "pass").write_text("\n")
    with pytest.raises(KeyUnusable, match="empty"):
        read_passphrase(Seal(passphrase_file="pass"), where, {})
    with pytest.raises(KeyUnusable, match="cannot be read"):
        read_passphrase(Seal(passphrase_file="nowhere"), where, {})


def test_local_keys_need_their_root(loaded, tmp_path):
    loaded.places.keys.mkdir()
    ledger = Ledger(loaded.places.signer_ledger)
    assert set(open_backends(loaded, ledger)) == {"local"}
    (tmp_path / "pass").write_text("x")
    (tmp_path / "pass").chmod(0o600)
    sealed = with_signer(loaded, SignerPolicy(seal=Seal(passphrase_file="pass")))
    with pytest.raises(KeyUnusable, match="not sealed"):
        open_backends(sealed, ledger)


def test_the_code_of_a_provider_is_loaded_where_it_is_named_only(loaded):
    listing = "import sys, ringfence.app.signer; print('\\n'.join(sys.modules))"
    names = subprocess.run([sys.executable, "-c", listing], capture_output=True, text=True, check=True).stdout.split()
    assert "ringfence.keys.providers.sealed" in names
    assert not {"boto3", "hvac", "pkcs11", "requests"} & set(names)


@pytest.mark.parametrize(("name", "extra"), [("pkcs11", "pkcs11"), ("aws_kms", "aws"), ("vault", "vault")])
def test_a_package_that_is_missing_is_named_with_what_to_install(loaded, monkeypatch, name, extra):
    ledger = Ledger(loaded.places.root / "signer.db")
    loaded.places.keys.mkdir()
    package = {"pkcs11": "pkcs11", "aws_kms": "boto3", "vault": "hvac"}[name]
    monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.delitem(sys.modules, f"ringfence.keys.providers.{name}", raising=False)
    with pytest.raises(KeyUnusable, match=rf"ringfence\[{extra}\]"):
        open_backends(with_signer(loaded, SignerPolicy(provider=name, keep_local=("checkpoint",))), ledger)


def test_each_provider_is_made_from_its_block(loaded, tmp_path):
    ledger = Ledger(tmp_path / "signer.db")
    for name in ("pin", "token"):
        (tmp_path / name).write_text("1234\n")
        (tmp_path / name).chmod(0o600)
    blocks = {
        "pkcs11": Pkcs11(library="/usr/lib/x.so", token="t", pin_file="pin"),
        "aws_kms": AwsKms(region="eu-central-1"),
        "vault": Vault(url="https://vault.internal:8200", token_file="token"),
    }
    loaded.places.keys.mkdir()
    local = ("checkpoint",)
    for name, block in blocks.items():
        with pytest.raises(KeyUnusable, match=f"there is no such block|signer.{name}: the policy"):
            open_backends(with_signer(loaded, SignerPolicy(provider=name, keep_local=local)), ledger)
        opened = open_backends(
            with_signer(loaded, SignerPolicy(provider=name, keep_local=local, **{name: block})), ledger
        )
        assert {one.name for one in opened.values()} == {"local", name}
