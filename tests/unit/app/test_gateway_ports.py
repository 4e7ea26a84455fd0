import subprocess
import sys
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from ringfence.app.gateway_ports import open_gateway
from ringfence.app.installing import create_keys
from ringfence.app.payload_keys import CustodyPayloads
from ringfence.clock import system_clock
from ringfence.demo.installation import write_installation
from ringfence.gateway.upstream import UpstreamPool
from ringfence.policy.load import LoadedPolicy
from ringfence.policy.mistakes import PolicyMistakes
from ringfence.store.interface import Unavailable


async def test_without_the_state_of_an_installation_nothing_is_opened_or_made(
    installation: Path, loaded: LoadedPolicy
) -> None:
    async with AsyncExitStack() as stack:
        with pytest.raises(Unavailable, match="ringfence up"):
            await open_gateway(installation, "asgi", UpstreamPool(), stack)
    assert not loaded.places.state.exists()


async def test_a_policy_that_cannot_be_used_leaves_the_old_one_in_force(
    installation: Path, loaded: LoadedPolicy
) -> None:
    loaded.places.fast.mkdir(parents=True)
    async with AsyncExitStack() as stack:
        opened = await open_gateway(installation, "asgi", UpstreamPool(), stack)
        assert isinstance(opened.gateway._ports.payloads, CustodyPayloads)
        rewrite(installation, "things: See things", "others: See others")
        with pytest.raises(PolicyMistakes):
            opened.reload()
        rewrite(installation, "others: See others", "things: See everything")
        assert opened.reload().digest != opened.loaded.digest


def rewrite(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


@pytest.mark.parametrize("linked", [True, False])
def test_only_a_worker_that_sees_payments_loads_what_speaks_to_a_database(
    tmp_path: Path, installation: Path, linked: bool
) -> None:
    policy = write_installation(tmp_path, system_clock(), create_keys).policy if linked else installation
    code = (
        "import sys; from pathlib import Path; from ringfence.app.gateway_ports import load_for_records; "
        "from ringfence.policy.load import load; load_for_records(load(Path(sys.argv[1]))); "
        "print('sqlalchemy' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code, str(policy)], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == str(linked)
