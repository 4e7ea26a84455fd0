from pathlib import Path

import pytest

from ringfence.app.snapshot import accept
from ringfence.clock import Instant
from ringfence.edge.certificates import create_development_certificates
from ringfence.policy.load import load
from ringfence.policy.mistakes import PolicyMistakes
from tests.unit.app.conftest import OPENAPI, POLICY


@pytest.fixture
def write(tmp_path: Path):
    create_development_certificates(tmp_path / "certs", ["localhost"], Instant(1_790_000_000.0))
    (tmp_path / "bank.yaml").write_text(OPENAPI)
    (tmp_path / "list").write_text("203.0.114.7\n")
    for name, mode in (("token", 0o600), ("open", 0o644)):
        (tmp_path / name).write_text("t")
        (tmp_path / name).chmod(mode)

    def write(feed: str, allow: str = "[]") -> Path:
        text = f"{POLICY}\nintelligence: {{feeds: {{a: {feed}}}, allow: {allow}}}\n"
        (tmp_path / "ringfence.yaml").write_text(text)
        return tmp_path / "ringfence.yaml"

    return write


@pytest.mark.parametrize(
    ("feed", "message"),
    [
        ("{}", "either `path` or `url`"),
        ("{path: list, url: 'https://h/'}", "either `path` or `url`"),
        ("{path: gone}", "there is no file gone"),
        ("{path: list, format: taxii}", "a TAXII collection has a `url`"),
        ("{path: list, format: csv}", "needs `network_column`"),
        ("{path: list, network_column: ip}", "`list` has no columns"),
        ("{path: list, format: stix, about: user-agent}", "`stix` is read for networks"),
        ("{path: list, about: user-agent, action: refuse}", "what a caller says of itself"),
        ("{path: list, format: crawlers, action: step-up}", "what a caller says of itself"),
        ("{url: 'http://feeds.example/'}", "url"),
        ("{url: 'https://h/', token_file: open}", "others can read open"),
        ("{url: 'https://h/', key_file: gone}", "there is no file gone"),
        ("{url: 'https://h/', key_file: token, token_file: token}", "holds one value"),
        ("{url: 'https://h/', authority: gone.pem}", "there is no file"),
        ("{path: list, action: drop}", "action"),
        ("{path: list, every_seconds: 1}", "every_seconds"),
    ],
)
def test_what_cannot_be_is_told_with_its_line(write, feed: str, message: str) -> None:
    with pytest.raises(PolicyMistakes, match=message) as caught:
        load(write(feed))
    assert all(mistake.line for mistake in caught.value.mistakes)


def test_what_is_allowed_is_networks(write) -> None:
    assert load(write("{path: list}", "[192.0.2.0/24, '2001:db8::/32', 192.0.2.7]"))
    with pytest.raises(PolicyMistakes, match=r"`192.0.2.7/24` is no network"):
        load(write("{path: list}", "[192.0.2.7/24]"))


def test_the_copy_that_roles_read_names_the_same_files(write, tmp_path: Path) -> None:
    loaded = load(write("{url: 'https://h/', token_file: token, authority: certs/ca.pem}"))
    feed = load(accept(loaded)).policy.intelligence.feeds["a"]
    assert (feed.token_file, feed.authority) == (str(tmp_path / "token"), str(tmp_path / "certs/ca.pem"))
    assert load(accept(load(write("{path: list}")))).policy.intelligence.feeds["a"].path == str(tmp_path / "list")
