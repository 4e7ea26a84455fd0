"""An operator at the signer's approval socket: who they are is who runs this process."""

from pathlib import Path
from typing import Any

from ringfence.custody.client import SignerClient
from ringfence.policy.yaml_source import read_yaml
from ringfence.store.interface import Unavailable


def approval_socket(policy: Path) -> Path:
    """Return where the signer of a policy's installation takes approvals; only what names it is read from the file.

    Raises:
        Unavailable: the policy cannot be read.
    """
    try:
        data = read_yaml(policy.read_bytes(), str(policy), places=False).data
    except OSError as error:
        raise Unavailable(f"{policy} cannot be read: {error.strerror}; name the socket with --socket") from None
    document = data if isinstance(data, dict) else {}
    signer = document.get("signer")
    named = signer.get("approval_socket", "") if isinstance(signer, dict) else ""
    root = policy.absolute().parent
    return root / named if named else root / document.get("state", "state") / "run" / "approve.sock"


async def operator(socket: Path, action: str, wish: str) -> Any:
    """Look at wishes, or approve one.  Raises Unavailable, SignerRefused."""
    client = SignerClient(socket)
    try:
        return (await client.manage(action, wish)).document
    finally:
        await client.close()
