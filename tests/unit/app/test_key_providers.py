import msgspec
import pytest

from ringfence.app.key_providers import open_backends, read_passphrase, settings_of
from ringfence.keys.ledger import Ledger
from ringfence.keys.ports import KeyUnusable
from ringfence.keys.purposes import Kind
from ringfence.policy.load import LoadedPolicy
from ringfence.policy.signer_model import RotationRule, Seal, SignerPolicy


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


@pytest.mark.parametrize(
    "signer",
    [
        SignerPolicy(keep_local=("tokens",)),
        SignerPolicy(algorithms={"nothing": "ES256"}),
        SignerPolicy(algorithms={"set": "EdDSA"}),
        SignerPolicy(algorithms={"data": "ES256"}),
        SignerPolicy(rotation={"nothing": RotationRule()}),
    ],
)
def test_purposes_and_algorithms_that_are_none(loaded, signer):
    with pytest.raises(KeyUnusable, match="signer"):
        settings_of(with_signer(loaded, signer).policy)


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
