"""What docs/siem.md says is so: its examples load, as the one for traces does, and its tables are those of the code."""

import re
from pathlib import Path

import pytest

from ringfence.app.export.role import followers
from ringfence.app.snapshot import accept
from ringfence.clock import Instant
from ringfence.edge.certificates import create_development_certificates, issue_client_certificate
from ringfence.export.classes import FIELDS
from ringfence.export.spans import PLACES
from ringfence.export.table import ROWS
from ringfence.policy.load import load
from ringfence.store.embedded.sqlite_events import SqliteEvents
from tests.unit.app.conftest import OPENAPI, POLICY

PAGE = (Path(__file__).parents[2] / "docs" / "siem.md").read_text()
EXAMPLES = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
OPERATIONS = (Path(__file__).parents[2] / "docs" / "operations.md").read_text()
TRACES = re.findall(r"```yaml\n(export:\n  traces:.*?)```", OPERATIONS, re.DOTALL)


@pytest.mark.parametrize("example", [*EXAMPLES, *TRACES])
async def test_each_example_can_be_followed(example: str, tmp_path: Path) -> None:
    now = Instant(1_790_000_000.0)
    create_development_certificates(tmp_path / "certs", ["localhost"], now)
    create_development_certificates(tmp_path / "siem", ["localhost"], now)
    issue_client_certificate(tmp_path / "siem", "client", now)
    (tmp_path / "bank.yaml").write_text(OPENAPI)
    (tmp_path / "siem" / "token").write_text("t" * 32)
    (tmp_path / "siem" / "token").chmod(0o600)
    (tmp_path / "keys").mkdir()
    (tmp_path / "ringfence.yaml").write_text(f"{POLICY}\n{example}")
    loaded = load(accept(load(tmp_path / "ringfence.yaml")))
    stream = SqliteEvents(tmp_path / "events.db")
    (follower,) = followers(loaded, stream)
    await follower.step() if "notify" in example or "file:\n" in example else None
    await stream.close()


def test_there_is_an_example_of_every_sink() -> None:
    assert [re.search(r"^ *(file|syslog|http|otlp|notify):", e, re.MULTILINE)[1] for e in EXAMPLES] == [
        "file",
        "syslog",
        "http",
        "otlp",
        "notify",
        "file",  # the access log
    ]
    assert len(TRACES) == 1


def test_what_a_span_says_is_in_the_table() -> None:
    for place in PLACES.values():
        assert f"`{place}`" in OPERATIONS, place


def test_the_tables_are_those_of_the_code() -> None:
    for tag, row in ROWS.items():
        line = f"| `{tag.rpartition('.')[0]}` | {row.ocsf.class_uid} | {', '.join(row.ecs.category)} |"
        assert line in PAGE, line
    for name in ("identifier", "personal", "network", "free"):
        fields = ", ".join(f"`{field}`" for field, classes in FIELDS.items() if name in classes)
        assert f"| `{name}` | {fields} |" in PAGE, fields
