import socket
from pathlib import Path

from ringfence.app.ready import answers


def test_a_socket_answers_only_while_somebody_listens(tmp_path: Path) -> None:
    path = tmp_path / "s"
    assert not answers(path)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        assert not answers(path)
        listener.listen()
        assert answers(path)
    assert path.exists()
    assert not answers(path)
