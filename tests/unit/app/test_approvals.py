import os
from pathlib import Path

import pytest

from ringfence.app.approvals import approval_socket, operator
from ringfence.custody.wire import Done, Refusal, SignerRefused
from ringfence.keys.server import listen
from ringfence.store.interface import Unavailable


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("version: 1\n", "state/run/approve.sock"),
        ("state: elsewhere\n", "elsewhere/run/approve.sock"),
        ("signer: {approval_socket: /run/x.sock}\n", "/run/x.sock"),
        ("signer: {approval_socket: run/x.sock}\n", "run/x.sock"),
        ("[a, list]\n", "state/run/approve.sock"),
    ],
)
def test_where_operators_approve(tmp_path: Path, text: str, place: str) -> None:
    (tmp_path / "ringfence.yaml").write_text(text)
    assert approval_socket(tmp_path / "ringfence.yaml") == tmp_path / place


def test_without_a_policy_it_is_to_be_named(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="--socket"):
        approval_socket(tmp_path / "none.yaml")


async def test_the_operator_is_who_runs_it(tmp_path: Path) -> None:
    async def answer(peer, request):
        if request.action == "approve":
            return Refusal("not-allowed", "no")
        return Done([peer.uid, request.action, request.key])

    server = await listen(tmp_path / "s", answer, None)
    assert await operator(tmp_path / "s", "wishes", "w") == [os.getuid(), "wishes", "w"]
    with pytest.raises(SignerRefused):
        await operator(tmp_path / "s", "approve", "w")
    server.close()
