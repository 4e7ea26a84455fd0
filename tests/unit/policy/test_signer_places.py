from pathlib import Path

from ringfence.policy.places import Places
from ringfence.policy.signer_model import Pkcs11, Seal, SignerPolicy, Vault
from ringfence.policy.signer_places import absolute_signer


def test_every_path_is_absolute_and_what_is_absent_stays_absent() -> None:
    where = Places(root=Path("/bank"), state=Path("/bank/state"), keys=Path("/bank/keys"))
    signer = SignerPolicy(
        seal=Seal(passphrase_file="secret/pass"),
        pkcs11=Pkcs11(library="/usr/lib/x.so", token="t", pin_file="pin"),
        vault=Vault(url="https://v", token_file="token"),
        approval_socket="/run/approve.sock",
    )
    found = absolute_signer(signer, where)
    assert found.seal.passphrase_file == "/bank/secret/pass"
    assert found.pkcs11 is not None
    assert (found.pkcs11.library, found.pkcs11.pin_file) == ("/usr/lib/x.so", "/bank/pin")
    assert found.vault is not None
    assert (found.vault.token_file, found.vault.authority) == ("/bank/token", "")
    assert found.approval_socket == "/run/approve.sock"
    assert absolute_signer(SignerPolicy(), where) == SignerPolicy()
