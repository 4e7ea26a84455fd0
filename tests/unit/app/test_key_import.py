import pytest

from ringfence.app.key_import import take_over, take_over_checkpoints
from ringfence.audit.note import ML_DSA_44
from ringfence.keys.ports import KeyUnusable
from ringfence.keys.providers.checkpoint_files import CheckpointFiles
from ringfence.keys.providers.local import LocalSigner, create_signing_key
from ringfence.keys.states import State
from tests.keys_fixture import open_keeper


@pytest.fixture
def keeper(tmp_path):
    return open_keeper(tmp_path)


async def test_the_key_of_a_file_signs_on_under_its_kid_and_the_file_goes(tmp_path, keeper):
    path = tmp_path / "token-signing.pem"
    create_signing_key(path, "PS256")
    (jwk,) = LocalSigner.load(path).public_jwks()["keys"]
    take_over(keeper, path)
    key = await keeper.active("token")
    assert (key.kid, key.kind, key.state) == (jwk["kid"], "PS256", State.ACTIVE)
    assert not path.exists()
    take_over(keeper, path)


async def test_killed_before_the_file_was_removed(tmp_path, keeper):
    path = tmp_path / "token-signing.pem"
    create_signing_key(path, "ES256")
    pem = path.read_bytes()
    take_over(keeper, path)
    path.write_bytes(pem)
    path.chmod(0o600)
    take_over(keeper, path)
    assert len(keeper.ledger.keys("token")) == 1
    assert not path.exists()


async def test_a_file_beside_another_key_is_left_alone(tmp_path, keeper):
    first = await keeper.active("token")
    path = tmp_path / "token-signing.pem"
    create_signing_key(path, "ES256")
    take_over(keeper, path)
    assert path.exists()
    assert await keeper.active("token") == first


async def test_the_second_key_of_a_log_is_taken_over_and_signs_on(tmp_path, keeper):
    path = tmp_path / "audit-checkpoint-ml-dsa-44.pem"
    (noted,) = CheckpointFiles("bank.example/audit", {ML_DSA_44: path}).keys
    take_over_checkpoints(keeper, path)
    key = await keeper.active("checkpoint-pq")
    assert key.public.endswith(noted.public)
    assert not path.exists()
    assert (tmp_path / "signer.db").exists()
    take_over_checkpoints(keeper, path)


async def test_a_second_key_that_is_none_stops_the_start(tmp_path, keeper):
    path = tmp_path / "audit-checkpoint-ml-dsa-44.pem"
    create_signing_key(path, "ES256")
    with pytest.raises(KeyUnusable, match="another kind"):
        take_over_checkpoints(keeper, path)
    assert path.exists()


async def test_a_file_that_others_may_read_stops_the_start(tmp_path, keeper):
    path = tmp_path / "token-signing.pem"
    create_signing_key(path, "ES256")
    path.chmod(0o644)
    with pytest.raises(KeyUnusable):
        take_over(keeper, path)
