from pathlib import Path

from bench import load
from bench.client import read
from bench.load import Target, keep


def test_requests_are_kept_and_read_back(tmp_path):
    requests = [b"GET / HTTP/1.1\r\n\r\n", b"", b"\x00" * 70_000]
    keep(iter(requests), tmp_path / "file")
    assert read(tmp_path / "file") == requests


def test_wrk_sends_where_it_can_and_our_own_client_where_a_certificate_is_needed(monkeypatch):
    monkeypatch.setattr(load.shutil, "which", lambda _: "/usr/bin/wrk")
    assert load._command(Target(1), "f", 3.0)[0] == "/usr/bin/wrk"
    command = load._command(Target(1, Path("c"), Path("k")), "f", 3.0)
    assert command[1:] == ["-m", "bench.client", "1", "f", "3.0", "c", "k"]
    monkeypatch.setattr(load.shutil, "which", lambda _: None)
    assert load._command(Target(1), "f", 3.0)[1:] == ["-m", "bench.client", "1", "f", "3.0"]
