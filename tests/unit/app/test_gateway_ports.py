import subprocess
import sys
from contextlib import AsyncExitStack, closing
from pathlib import Path

import pytest
from trying import canary_of, tried

from ringfence.app import snapshot
from ringfence.app.canary import end_canary, write_canary
from ringfence.app.core_rules import NoCoreRules
from ringfence.app.country_file import NoCountryFile
from ringfence.app.gateway_ports import open_gateway
from ringfence.app.installing import create_keys
from ringfence.app.payload_keys import CustodyPayloads
from ringfence.clock import Instant, system_clock
from ringfence.demo.installation import write_installation
from ringfence.gateway.upstream import UpstreamPool
from ringfence.policy.load import LoadedPolicy, load
from ringfence.policy.mistakes import PolicyMistakes
from ringfence.store.embedded.lmdb_quotas import KeptQuotas
from ringfence.store.embedded.lmdb_state import LmdbState
from ringfence.store.interface import Admission, Quota, Unavailable


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


HALF_WAY = {
    "core rules that cannot be read": ("oauth:", "gateway: {core_rules: rules}\noauth:", "rules/REQUEST-942.conf"),
    "a country database that is none": ("oauth:", "geo: geo.mmdb\noauth:", "geo.mmdb"),
}


@pytest.mark.parametrize("what", HALF_WAY)
async def test_a_reload_that_fails_half_way_leaves_the_whole_old_policy_in_force(
    installation: Path, loaded: LoadedPolicy, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second half fails: nothing of the first may be in use, not keys, not countries, not keys of fields."""
    loaded.places.fast.mkdir(parents=True)
    followed: list[LoadedPolicy] = []
    read: list[str] = []
    async with AsyncExitStack() as stack:
        opened = await open_gateway(installation, "asgi", UpstreamPool(), stack)
        ports, rules = opened.gateway._ports, opened.gateway._rules
        reader = ports.countries._reader
        monkeypatch.setattr("ringfence.app.protection.Fields.follow", lambda _, again: followed.append(again))
        monkeypatch.setattr("ringfence.app.token_keys.FileTokenKeys.read_again", lambda _: read.append("keys"))
        old, new, file = HALF_WAY[what]
        (installation.parent / file).parent.mkdir(exist_ok=True)
        (installation.parent / file).write_text("nothing of use")
        rewrite(installation, old, new)
        with pytest.raises((NoCoreRules, NoCountryFile)):
            opened.reload()
        assert opened.gateway._rules is rules
        assert ports.countries._reader is reader
        assert (followed, read) == ([], [])
        rewrite(installation, new, old)
        opened.reload()
        assert (len(followed), read) == (1, ["keys"])
        assert opened.gateway._rules is not rules


async def test_a_worker_with_a_new_state_goes_on_with_the_quotas_that_were_kept(
    installation: Path, loaded: LoadedPolicy
) -> None:
    where, now = loaded.places, system_clock()
    where.state.mkdir(parents=True)
    asked = Admission(quotas=(Quota(b"q", 5, 1, 7, Instant(now + 1000)),))
    state = LmdbState(where.root / "before")
    await state.admit(asked, now)
    with closing(KeptQuotas(where.quotas)) as kept:
        await state.keep_quotas(kept)
    state.close()
    async with AsyncExitStack() as stack:
        opened = await open_gateway(installation, "asgi", UpstreamPool(), stack)
        assert (await opened.gateway._ports.admissions.admit(asked, now)).remaining == 3


async def test_a_canary_is_taken_up_kept_and_let_go_of_with_the_policy(
    installation: Path, loaded: LoadedPolicy
) -> None:
    loaded.places.fast.mkdir(parents=True)
    current = snapshot.accept(loaded)
    canary = canary_of(tried(installation), loaded)
    write_canary(loaded.places, canary)
    async with AsyncExitStack() as stack:
        opened = await open_gateway(current, "asgi", UpstreamPool(), stack)
        gateway = opened.gateway
        assert gateway._rules.name == canary.running
        assert gateway._canary is not None
        assert (gateway._canary.name, gateway._canary.share) == (canary.name, canary.share)
        assert gateway._canary.memory is gateway._rules.memory
        opened.reload()
        assert gateway._canary is not None
        snapshot.accept(load(tried(installation)))
        opened.reload()
        assert (gateway._rules.name, gateway._canary) == (canary.name, None)
        end_canary(loaded.places)
        snapshot.accept(loaded)
        opened.reload()
        assert (gateway._rules.name, gateway._canary) == (canary.running, None)


async def test_a_canary_that_cannot_be_prepared_governs_nobody_and_the_worker_starts(
    installation: Path, loaded: LoadedPolicy
) -> None:
    loaded.places.fast.mkdir(parents=True)
    file = tried(installation, "oauth:", "gateway: {core_rules: gone}\noauth:")
    write_canary(loaded.places, canary_of(file, loaded))
    async with AsyncExitStack() as stack:
        opened = await open_gateway(snapshot.accept(loaded), "asgi", UpstreamPool(), stack)
        assert opened.gateway._canary is None


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
