import json
import shutil

import pytest

from ringfence.edge.certificates import create_development_certificates
from ringfence.edge.pairs import Pair, write_pair
from ringfence.problem import Reason, Refused


@pytest.fixture
def pair(certificates, tmp_path) -> Pair:
    for name in ("server.pem", "server.key"):
        shutil.copy(certificates / name, tmp_path / name)
    return Pair("public", tmp_path / "server.pem", tmp_path / "server.key")


def named(file) -> str:
    return json.loads(file.read_bytes())["resources"][0]["tls_certificate"]["private_key"]["filename"]


def test_unchanged_contents_are_not_written_again(pair, tmp_path):
    file = tmp_path / "sds.json"
    assert write_pair(pair, file) is True
    assert write_pair(pair, file) is False
    assert named(file) == str(tmp_path / "server.key")


def test_new_contents_under_old_names_are_named_anew_each_time(pair, tmp_path, now):
    file = tmp_path / "sds.json"
    write_pair(pair, file)
    for expected in (f"{tmp_path}/./server.key", f"{tmp_path}/server.key"):
        create_development_certificates(tmp_path, ["localhost"], now)
        assert write_pair(pair, file) is True
        assert named(file) == expected
        assert write_pair(pair, file) is False


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("server.pem", None),
        ("server.key", None),
        ("server.pem", b"no PEM"),
        ("server.key", b"no PEM"),
        ("server.key", "ca"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_place_in_the_policy(pair, certificates, tmp_path, name, content):
    path = tmp_path / name
    if content is None:
        path.unlink()
    else:
        path.write_bytes((certificates / "ca.key").read_bytes() if content == "ca" else content)
    with pytest.raises(Refused) as caught:
        write_pair(pair, tmp_path / "sds.json")
    assert caught.value.reason is Reason.POLICY_INVALID
    assert "listeners.public.tls." in repr(caught.value)
    assert not (tmp_path / "sds.json").exists()
