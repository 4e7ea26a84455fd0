"""A session whose tests log or store a number fails, and says which test, where, and no more of the number than may be shown."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from ringfence.protect.scan import scan
from tests.watched_logs import in_file, numbers, watched

ROOT = Path(__file__).parents[2]
CARD, IBAN = "5105105105105100", "GB33BUKB20201555555555"

PLANTED = f"""
import gzip, logging, sqlite3, uuid
from contextlib import closing
import pytest, structlog

@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    return tmp_path_factory.mktemp("i")

def test_prints():
    print("paid with {CARD}")

def test_logs():
    structlog.get_logger().info("paid", to="{IBAN}")

def test_warns():
    logging.getLogger("bank").warning("paid with 5105-1051-0510-5100")

@pytest.fixture
def leaving():
    yield
    print("{IBAN}")

def test_leaves(leaving):
    pass

@pytest.mark.shows_numbers("its subject")
def test_shows(tmp_path):
    print("{CARD}")
    (tmp_path / "a.log").write_text("{CARD}")

@pytest.mark.shows_numbers
def test_gives_no_reason():
    print("{CARD}")

def test_is_clean():
    print("510510******5100", uuid.UUID(int=0))

def test_stores(installed):
    (installed / "state").mkdir()
    with closing(sqlite3.connect(installed / "state" / "events.db")) as db, db:
        db.execute("create table events (data blob)")
        db.execute("insert into events values (?)", (b'{{"path":"/cards/{CARD}"}}',))

def test_writes(tmp_path):
    (tmp_path / "edge.log").write_text("{IBAN}")

def test_packs(tmp_path):
    (tmp_path / "edge.log.1.gz").write_bytes(gzip.compress(b"{CARD}"))

def test_has_inputs(tmp_path):
    (tmp_path / "order.json").write_text("{CARD}")
"""


def session(directory: Path, text: str, *more: str) -> subprocess.CompletedProcess[str]:
    """Run tests in a session of their own, with what all of ours have."""
    file = directory / "test_planted.py"
    file.write_text(text)
    command = [sys.executable, "-m", "pytest", "-p", "tests.conftest", "-p", "no:cacheprovider", "-c", os.devnull]
    command += [f"--rootdir={directory}", f"--basetemp={directory / 'temporary'}", "-q", "-rA", *more, str(file)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.flow
@pytest.mark.shows_numbers("it plants them")
def test_what_is_planted_is_found(tmp_path: Path) -> None:
    planted = tmp_path / "planted"
    planted.mkdir()
    ran = session(planted, PLANTED)
    assert ran.returncode == 1, ran.stdout
    for name in ("prints", "logs", "warns", "leaves", "gives_no_reason"):
        assert f"test_planted.py::test_{name} logged a number:" in ran.stdout
    # each once, however often the session says it: on CI its summary repeats it whole
    assert len(set(re.findall(r"test_planted\.py::(\w+) logged a number:", ran.stdout))) == 5
    assert "Captured stdout call: card 510510******5100" in ran.stdout
    assert "Captured log call: card 510510******5100" in ran.stdout
    stored = ran.stdout.partition("in what the tests left")[2]
    assert "test_planted.py::test_stores: i0/state/events.db: table events: card 510510******5100" in stored
    assert "test_planted.py::test_writes: test_writes0/edge.log: in it: iban GB****************5555" in stored
    assert "test_planted.py::test_packs: test_packs0/edge.log.1.gz: in it: card 510510******5100" in stored
    assert "order.json" not in stored
    assert "test_shows0" not in stored
    assert "11 passed, 5 errors" in ran.stdout


@pytest.mark.flow
@pytest.mark.shows_numbers("it plants them")
def test_what_is_stored_fails_a_session_whose_tests_pass(tmp_path: Path) -> None:
    for name, text, code in (
        ("stored", f"def test_writes(tmp_path):\n    (tmp_path / 'a.log').write_text('{CARD}')\n", 1),
        ("clean", "def test_writes(tmp_path):\n    (tmp_path / 'a.log').write_text('510510******5100')\n", 0),
    ):
        (tmp_path / name).mkdir()
        ran = session(tmp_path / name, text)
        assert (ran.returncode, "1 passed" in ran.stdout) == (code, True), ran.stdout


@pytest.mark.parametrize(
    "text",
    [
        CARD,
        IBAN,
        f'{{"path":"/cards/{CARD}"}}',
        "5105 1051 0510 5100",
        "5105.1051.0510.5100",
        "GB33 BUKB 2020 1555 5555 55",
        f"line\\n{IBAN}",
        f"a=%20{IBAN}",
        CARD.encode("utf-16-le").decode("ascii"),
        "eyJjYXJkIjoiNTEwNTEwNTEwNTEwNTEwMCJ9",  # {"card":"..."}
        "R0IzM0JVS0IyMDIwMTU1NTU1NTU1NQ==",
    ],
)
def test_a_number_is_found_in_much_else(text: str) -> None:
    noise = b'{"at":1795614873.173986,"correlation":"5ad2a209-5484-4c1b-8c80-61251ced76b0"}\n' * 2000
    assert [one.value for one in numbers(noise + text.encode() + b"\n" + noise)] in ([CARD], [IBAN])
    assert [one.value for one in numbers(b"\0" * 9000 + text.encode() + b"\0" * 9000)] in ([CARD], [IBAN])


def test_random_hexadecimal_is_no_card() -> None:
    assert [one.value for one in scan(b"51051051-0510-5100-9999-999999999999")] == [CARD]
    assert numbers(b"51051051-0510-5100-9999-999999999999") == []
    assert numbers(b"00-0af7651916cd43dd8448eb211c80319c-5105105105105100-01") == []
    assert numbers(b'"spanId":"5105105105105100"') == []
    assert [one.value for one in numbers(b'"account":"5105105105105100"')] == [CARD]


@pytest.mark.shows_numbers("it plants them")
def test_what_an_installation_keeps_on_purpose_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "state" / "audit" / "tile").mkdir(parents=True)
    for name in ("state/records.db", "state/events.db", "state/audit/tile/000", "ledger.db", "x.log", "a.log-lock"):
        (tmp_path / name).write_text(CARD)
    with (tmp_path / "large.log").open("wb") as file:
        file.truncate((50 << 20) + 1)
    read = {str(path.relative_to(tmp_path)) for path in watched(tmp_path)}
    assert read == {"state/events.db", "state/audit/tile/000", "x.log"}
    (tmp_path / "state" / "events.db").write_bytes(b"SQLite format 3\0\n" + CARD.encode())
    assert [one.value for _, one in in_file(tmp_path / "state" / "events.db")] == [CARD]
    assert list(in_file(tmp_path / "gone.log")) == []
