import stat
from pathlib import Path

import pytest

from ringfence.app.snapshot import accept
from ringfence.clock import Instant
from ringfence.edge.certificates import create_development_certificates
from ringfence.policy.exports import event_kinds, sink_names
from ringfence.policy.load import load
from ringfence.policy.mistakes import PolicyMistakes
from tests.unit.app.conftest import OPENAPI, POLICY


@pytest.fixture
def write(tmp_path: Path):
    create_development_certificates(tmp_path / "certs", ["localhost"], Instant(1_790_000_000.0))
    (tmp_path / "bank.yaml").write_text(OPENAPI)
    for name, mode in (("token", 0o600), ("open", 0o644)):
        (tmp_path / name).write_text("t")
        (tmp_path / name).chmod(mode)

    def write(more: str) -> Path:
        (tmp_path / "ringfence.yaml").write_text(f"{POLICY}\n{more}\n")
        return tmp_path / "ringfence.yaml"

    return write


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("export: {file: {a: {path: gone/x}}}", "there is no directory"),
        ("export: {file: {a: {path: x}, b: {path: ./x}}}", "another sink writes there"),
        ("export: {file: {a: {path: x}}, http: {a: {url: 'https://h/'}}}", "there is another sink `a`"),
        ("export: {file: {a: {path: x, events: [login.decide]}}}", "no kind of event `login.decide`"),
        ("export: {file: {a: {path: x, events: ['logins.*']}}}", r"no kind of event `logins\.\*`"),
        ("export: {http: {a: {url: 'https://h/', token_file: open}}}", "others than its owner can read open"),
        ("export: {http: {a: {url: 'https://h/', token_file: gone}}}", "there is no file"),
        ("export: {http: {a: {url: 'http://siem.example/'}}}", "url"),
        ("export: {http: {a: {url: 'http://localhost.evil.example/'}}}", "url"),
        ("export: {http: {a: {url: 'http://127.0.0.1@evil.example/'}}}", "url"),
        ("export: {http: {a: {url: 'https://user:pw@h/'}}}", "url"),
        ("export: {syslog: {a: {host: h, certificate: certs/ca.pem}}}", "needs `certificate` and `key`"),
        ("export: {syslog: {a: {host: h, authority: gone.pem}}}", "there is no file"),
        ("export: {redact: [everything]}", "everything"),
        ("export: {redact: [identifier], traces: {a: {url: 'https://h/'}}}", "no ids where identifiers are redacted"),
        ("export: {traces: {a: {url: 'https://h/', share: 0}}}", "share"),
        ("export: {traces: {a: {url: 'https://h/', share: 1.1}}}", "share"),
        ("export: {traces: {a: {url: 'https://h/', token_file: open}}}", "others than its owner can read open"),
        ("export: {traces: {a: {url: 'https://h/'}}, otlp: {a: {url: 'https://h/'}}}", "there is another sink `a`"),
        ("notify: {webhook: {a: {url: 'https://h/', secret_file: open}}}", "others than its owner"),
        ("notify: {webhook: {a: {url: 'https://h/'}}}", "secret_file"),
        ("notify: {webhook: {a: {url: 'https://10.1.2.3/', secret_file: token}}}", "`10.1.2.3` is no public address"),
        (
            "notify: {webhook: {a: {url: 'http://localhost:9/', secret_file: token}}}",
            "`localhost` is no public address",
        ),
        (
            "notify: {webhook: {a: {url: 'https://h/', secret_file: token, inside: [10.1.2.3/8]}}}",
            "`10.1.2.3/8` is no network",
        ),
        (
            "notify: {webhook: {a: {url: 'https://h/', secret_file: token}}, mail: {a: {host: h, sender: a@b, to: [c@d]}}}",
            "another sink `a`",
        ),
        ("notify: {mail: {a: {host: h, sender: a@b, to: [c@d], user: u}}}", "needs `user` and `password_file`"),
        (
            "notify: {mail: {a: {host: h, sender: a@b, to: [c@d], user: u, password_file: open}}}",
            "others than its owner",
        ),
        ("notify: {mail: {a: {host: h, sender: a@b, to: ['c@d, e@f']}}}", "to"),
        ('notify: {mail: {a: {host: h, sender: "a@b\\nBcc: x@y", to: [c@d]}}}', "sender"),
        ("notify: {mail: {a: {host: h, sender: a@b, to: [c@d], tls: 'off'}}}", "tls"),
        ("notify: {syslog: {a: {host: h, key: token}}}", "needs `certificate` and `key`"),
    ],
)
def test_what_does_not_fit_is_told(write, more: str, message: str) -> None:
    with pytest.raises(PolicyMistakes, match=message):
        load(write(more))


def test_the_copy_that_roles_read_names_the_same_files(write, tmp_path: Path) -> None:
    more = """
export:
  file: {a: {path: x}}
  syslog: {b: {host: h, authority: certs/ca.pem, certificate: certs/server.pem, key: certs/server.key}}
  http: {c: {url: "https://h/", token_file: token}}
  traces: {e: {url: "https://h/", token_file: token}}
notify:
  webhook: {d: {url: "http://127.0.0.1:9/", secret_file: token, inside: [127.0.0.0/8]}}
  mail: {m: {host: h, sender: a@b, to: [c@d], user: u, password_file: token}}
  syslog: {s: {host: h, authority: certs/ca.pem}}
"""
    loaded = load(accept(load(write(more))))
    assert sink_names(loaded.policy) == ["a", "b", "c", "e", "d", "m", "s"]
    assert loaded.policy.export.file["a"].path == str(tmp_path / "x")
    assert loaded.policy.export.syslog["b"].key == str(tmp_path / "certs/server.key")
    assert loaded.policy.export.http["c"].token_file == str(tmp_path / "token")
    notify = loaded.policy.notify
    assert notify.webhook["d"].secret_file == notify.mail["m"].password_file == str(tmp_path / "token")
    assert notify.syslog["s"].authority == str(tmp_path / "certs/ca.pem")
    assert loaded.policy.export.traces["e"].token_file == str(tmp_path / "token")
    assert loaded.policy.export.http["c"].authority == ""
    assert stat.S_IMODE((tmp_path / "token").stat().st_mode) == 0o600


def test_kinds() -> None:
    assert "login.decided" in event_kinds()
    assert len(event_kinds()) == len(set(event_kinds()))
