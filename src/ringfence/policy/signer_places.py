"""The paths in the policy's block `signer`, made absolute: roles read a copy of the policy that lies elsewhere."""

from typing import TypeVar

import msgspec

from ringfence.policy.places import Places
from ringfence.policy.signer_model import SignerPolicy

S = TypeVar("S", bound=msgspec.Struct)


def absolute_signer(signer: SignerPolicy, where: Places) -> SignerPolicy:
    """Return the block with each path below the policy's directory as it is from anywhere."""
    return msgspec.structs.replace(
        _absolute(signer, where, "approval_socket"),
        seal=_absolute(signer.seal, where, "passphrase_file"),
        pkcs11=signer.pkcs11 and _absolute(signer.pkcs11, where, "library", "pin_file"),
        vault=signer.vault and _absolute(signer.vault, where, "token_file", "authority"),
    )


def _absolute(block: S, where: Places, *names: str) -> S:
    paths = {name: getattr(block, name) for name in names}
    return msgspec.structs.replace(block, **{name: str(where.file(path)) for name, path in paths.items() if path})
