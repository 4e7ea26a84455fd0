"""The page `docs/keys.md` on a running installation: every command in it, and what it says of outages and memory."""

import asyncio
import base64
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from running_installation import Running, begin

from ringfence.custody.client import SignerClient
from ringfence.demo.partner import Unexpected
from ringfence.demo.processes import Processes
from ringfence.ids import system_random
from ringfence.keys.ledger import Ledger
from ringfence.keys.providers.root import open_root
from ringfence.keys.providers.sealed import SealedKeys
from ringfence.keys.purposes import Kind
from ringfence.policy.load import load
from ringfence.policy.places import Places
from tests.operators import OPERATORS, as_operator

pytestmark = [pytest.mark.flow, pytest.mark.timeout(200)]

PAGE = Path(__file__).parents[3] / "docs" / "keys.md"


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """A directory that operators may enter, as pytest's are not."""
    with tempfile.TemporaryDirectory(prefix="rf") as name:
        Path(name).chmod(0o711)
        yield Path(name)


@pytest.fixture(scope="module")
def running(home: Path) -> Iterator[Running]:
    signer = f"signer: {{operators: {list(OPERATORS)}, approval_socket: {home}/approve.sock}}\n"
    with Processes(home / "bank" / "logs") as processes:
        yield begin(home / "bank", processes, more=signer)


def command(running: Running, line: str) -> subprocess.CompletedProcess[str]:
    arguments = [*shlex.split(line)[1:], "--policy", str(running.installation.policy)]
    return subprocess.run([sys.executable, "-m", "ringfence", *arguments], capture_output=True, text=True, check=False)


def call(running: Running) -> int:
    return running.partner.call("GET", running.installation.accounts_url, running.tokens).status_code


def on_every_worker(running: Running, status: int) -> None:
    """Calls over connections of their own, until each worker has answered several."""
    for _ in range(12):
        with running.installation.http() as http:
            headers = {
                "authorization": f"DPoP {running.tokens.access_token}",
                "dpop": running.partner.proof("GET", running.installation.accounts_url, running.tokens.access_token),
            }
            answer = http.get(running.installation.accounts_url, headers=headers)
            assert answer.status_code == status, answer.text


def again(running: Running) -> None:
    """A new token, as soon as the authorization server issues some."""
    until = time.monotonic() + 20
    while True:
        try:
            running.tokens = running.partner.refresh(running.tokens)
            return
        except Unexpected:
            assert time.monotonic() < until
            time.sleep(0.1)


def test_without_the_signer_nothing_is_signed_and_calls_go_on(running: Running) -> None:
    pid = running.role_pid("signer")
    os.kill(pid, signal.SIGSTOP)
    try:
        with pytest.raises(Unexpected, match="503"):
            running.partner.refresh(running.tokens)
        on_every_worker(running, 200)
        asked = command(running, "ringfence keys list")
        assert asked.returncode != 0
        assert asked.stdout == ""
    finally:
        os.kill(pid, signal.SIGCONT)
    again(running)
    os.kill(running.role_pid("signer"), signal.SIGKILL)
    again(running)
    assert running.role_pid("signer") != pid
    on_every_worker(running, 200)


def test_the_only_key_is_suspended_and_resumed(running: Running) -> None:
    assert command(running, "ringfence keys suspend token").returncode == 0
    on_every_worker(running, 401)
    with pytest.raises(Unexpected, match="503"):
        running.partner.refresh(running.tokens)
    with running.installation.http() as http:
        assert http.get(f"{running.installation.issuer}/oauth/jwks").json() == {"keys": []}
    os.kill(running.role_pid("signer"), signal.SIGKILL)
    os.kill(running.role_pid("oauth"), signal.SIGKILL)
    time.sleep(1)
    on_every_worker(running, 401)
    until = time.monotonic() + 20
    while command(running, "ringfence keys resume token").returncode != 0:
        assert time.monotonic() < until
        time.sleep(0.1)
    on_every_worker(running, 200)
    again(running)


def test_private_keys_are_in_the_signers_memory_and_in_no_other_roles(running: Running, home: Path) -> None:
    keys = home / "bank" / "keys"
    again(running)  # the token key has just been used
    asyncio.run(make_keys_of(load(running.installation.policy).places, "set", "payload", "checkpoint-pq"))
    root = open_root(keys / "root.key", None, system_random)
    ledger = Ledger(keys / "signer.db")
    sealed = SealedKeys(root, system_random)
    secrets = [root]
    found = ledger.keys("")
    for key in found:
        if key.handle:
            secrets += forms_of(sealed._key(key.handle))
    ledger.close()
    assert {key.purpose for key in found} >= {"token", "checkpoint", "data", "set", "payload", "checkpoint-pq"}
    assert {key.kind for key in found} >= set(Kind) - {Kind.PS256, Kind.HMAC256, Kind.HYBRID}
    seeded = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys; held = bytes.fromhex(sys.argv[1]); print(flush=True); sys.stdin.read()",
            secrets[1].hex(),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    seeded.stdout.readline()
    try:
        if not Path(f"/proc/{seeded.pid}/mem").exists():
            pytest.skip("there is no /proc here")
        assert holds(seeded.pid, secrets), "the search finds nothing where there is something"
        if os.getuid() != 0:
            pytest.skip("only root can look into the memory of these processes")
        assert holds(running.role_pid("signer"), secrets)
        for role in ("audit", "oauth", "admin", "watch", "gateway-0", "gateway-1", "edge"):
            assert not holds(running.role_pid(role), secrets), role
        log = running.log().encode()
        for secret in secrets:
            assert not any(form in log for form in (secret, secret.hex().encode(), base64.b64encode(secret)))
    finally:
        seeded.kill()
        seeded.communicate()


async def make_keys_of(places: Places, *purposes: str) -> None:
    """As those roles would that need them."""
    custody = SignerClient(places.signer_socket("oauth"))
    for purpose in purposes:
        assert await custody.public(purpose)
    await custody.close()


def forms_of(key: object) -> list[bytes]:
    """A key as it is written, as OpenSSL holds it, and as its file would have it."""
    if isinstance(key, bytes):
        return [key]
    if isinstance(key, Ed25519PrivateKey | MLDSA44PrivateKey):
        numbers = [key.private_bytes_raw()]
    elif isinstance(key, RSAPrivateKey):
        parts = key.private_numbers()
        numbers = [n.to_bytes((n.bit_length() + 7) // 8, "big") for n in (parts.p, parts.q, parts.d)]
    else:
        numbers = [key.private_numbers().private_value.to_bytes(32, "big")]
    forms = [form for number in numbers for form in (number, number[::-1])]
    return [*forms, key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())]


def holds(pid: int, secrets: list[bytes]) -> bool:
    """Whether one of the secrets stands in the memory of a process."""
    with Path(f"/proc/{pid}/maps").open() as maps, Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        for line in maps:
            where, permissions, *_ = line.split()
            if "r" not in permissions or "w" not in permissions:
                continue
            start, end = (int(part, 16) for part in where.split("-"))
            try:
                memory.seek(start)
                found = memory.read(end - start)
            except (OSError, ValueError, OverflowError):
                continue
            if any(secret in found for secret in secrets):
                return True
    return False


def test_nobody_else_reads_the_memory_of_roles_that_hold_keys(running: Running) -> None:
    """Not a process of the same user either; root reads everything, so this looks at what the kernel says."""
    for role in ("signer", "audit"):
        limits = Path(f"/proc/{running.role_pid(role)}/limits").read_text()
        assert re.search(r"Max core file size\s+0\s+0\s", limits), role
        assert Path(f"/proc/{running.role_pid(role)}/mem").stat().st_uid == 0


def test_every_command_of_the_page(running: Running, home: Path) -> None:  # noqa: PLR0915 - one walk
    lines = re.findall(r"^\$ (ringfence .*)$", PAGE.read_text("utf-8"), re.MULTILINE)
    assert len(lines) == 14
    told: dict[str, str] = {"SOCKET": f"{home}/approve.sock"}
    seen = {}
    again(running)
    for line in lines:
        asked = re.sub(r"\b(SOCKET|WISH|KEY)\b", lambda found: told[found[1]], line)
        name = " ".join(line.split()[2:4]) + (" --dry-run" if "--dry-run" in line else "")
        if "keys seal" in line:
            refused = command(running, asked)
            assert "stop Ringfence" in refused.stderr
            continue
        if "approve" in line or "wishes" in line:
            if os.getuid() != 0:
                pytest.skip("only root can become two operators")
            done = as_operator(OPERATORS[0], asked)
            assert done.returncode == 0, done.stderr
            seen[name] = done.stdout
            if "approve" in line:
                assert "1 of 2" in done.stdout
                assert call(running) == 200
                assert "1 of 2" in as_operator(OPERATORS[0], asked).stdout
                stranger = as_operator(40_009, asked)
                assert (stranger.returncode, "not among" in stranger.stderr) == (1, True)
                second = as_operator(OPERATORS[1], asked)
                assert "2 of 2" in second.stdout, second.stderr
                on_every_worker(running, 401)
                again(running)
                on_every_worker(running, 200)
            continue
        done = command(running, asked)
        assert done.returncode == 0, (asked, done.stdout, done.stderr)
        seen[name] = done.stdout
        if name == "suspend token":
            on_every_worker(running, 401)
            with pytest.raises(Unexpected, match="503"):
                running.partner.refresh(running.tokens)
        if name == "resume token":
            on_every_worker(running, 200)
        if "--no-wait" in line:
            told["WISH"] = re.search(r"wish_\w+", done.stdout)[0]
            listed = json.loads(command(running, "ringfence keys list token --json").stdout)
            told["KEY"] = next(key["key"] for key in listed if key["state"] == "active")
    assert "token" in seen["list"]
    assert "published, and signs from" in seen["rotate token"]
    assert running.partner.registration.client_id in seen["compromise token --dry-run"]
    assert json.loads(seen["inventory"])["bomFormat"] == "CycloneDX"
    moved = [(event["state"], event["by"]) for event in running.events("key.changed.v1") if event["key"] == told["KEY"]]
    approved = "+".join(f"uid:{uid}" for uid in OPERATORS)
    assert [state for state, _ in moved][-4:] == ["suspended", "active", "compromised", "destroyed"]
    assert ("compromised", approved) in moved
    refused = [(event["by"], event["operation"], event["reason"]) for event in running.events("key.refused.v1")]
    assert ("uid:40009", "approve", "not-allowed") in refused
    by = [event["by"] for event in running.events("key.approved.v1") if event["wish"] == told["WISH"]]
    assert by == [f"uid:{uid}" for uid in OPERATORS]
    running.wait_for_event("admin.acted.v1", lambda event: event["action"] == "key.sealed")
    used = running.events("key.used.v1")
    assert sum(event["count"] for event in used if event["operation"] == "sign-token") >= 3
    assert {(event["role"], event["operation"]) for event in used} <= {
        ("oauth", "sign-token"), ("audit", "generate"), ("audit", "unwrap"),
    }  # fmt: skip


def test_a_whole_drill_with_the_progress_bar(running: Running, home: Path) -> None:
    if os.getuid() != 0:
        pytest.skip("only root can become two operators")
    again(running)
    policy = str(running.installation.policy)
    drill = subprocess.Popen(
        [sys.executable, "-m", "ringfence", "keys", "compromise", "token", "--why", "a drill", "--policy", policy],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    wish = None
    for line in drill.stdout:
        if found := re.search(r"approve (wish_\w+)", line):
            wish = found[1]
            break
    assert wish
    for uid in OPERATORS:
        assert as_operator(uid, f"ringfence keys approve {wish} --socket {home}/approve.sock").returncode == 0
    out, err = drill.communicate(timeout=30)
    assert "is compromised" in out, (out, err)
    assert re.search(r"refused: [1-9]\d* ever.* 0 data keys wrapped anew .* in \d+\.\d\d s", out)
    on_every_worker(running, 401)
