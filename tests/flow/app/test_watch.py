"""Detection in a running installation: an attack is seen, answered at every worker within a second, and let in again."""

import contextlib
import json
import os
import signal
import time
from collections.abc import Iterator

import pytest
from running_installation import Running, begin

from ringfence.demo.customer import LOGIN_FORM, Browser
from ringfence.demo.partner import Unexpected
from ringfence.demo.processes import Processes
from tests.listening import HttpListener, free_port
from tests.listening import until as until_so

pytestmark = pytest.mark.flow

HOOK = free_port()
ENFORCED = f"""
watch: {{modes: {{path-probing: enforce, brute-force: enforce}}, playbooks: books}}
notify:
  webhook: {{phone: {{url: "http://127.0.0.1:{HOOK}/", secret_file: secret, levels: [], inside: [127.0.0.0/8]}}}}
"""
BOOK = """id: tell-of-scanning
title: Somebody is told
description: Tells of who looks for doors, and opens a case.
mode: "on"
rules: [path-probing]
steps:
  - {do: notify, channels: [phone]}
  - {do: open-case, of: network}
"""


@pytest.fixture
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    directory = tmp_path_factory.mktemp("w")
    (directory / "books").mkdir()
    (directory / "books" / "tell.yaml").write_text(BOOK)
    (directory / "secret").write_text("a-secret-of-24-characters")
    (directory / "secret").chmod(0o600)
    with Processes(directory / "logs") as processes:
        yield begin(directory, processes, ENFORCED)


def probe(running: Running, paths: range) -> None:
    with running.installation.http() as http:
        for n in paths:
            assert http.get(f"{running.installation.issuer}/secret/{n}").status_code == 404


def until(running: Running, status: int, within: float = 10.0) -> float:
    """Return the seconds until calls are answered with a status, on both workers."""
    started, right = time.monotonic(), 0
    while right < 6:
        answer = running.partner.call("GET", running.installation.accounts_url, running.tokens)
        right = right + 1 if answer.status_code == status else 0
        assert time.monotonic() - started < within, (answer.status_code, answer.text)
    return time.monotonic() - started


def lift(running: Running) -> None:
    running.management._call("POST", "/blocks/lift", {"kind": "network", "value": "127.0.0.1"})


def require_told(running: Running, alert_id: str) -> None:
    """The channel is away, and the role that tells is killed: whoever comes back is told all the same; one case is open."""

    def state() -> dict:
        (found,) = running.management._call("GET", "/exports")["items"]
        return found

    until_so(lambda: state()["failing_since"] and state()["waiting"] == 1, 30)
    os.kill(running.role_pid("export"), signal.SIGKILL)
    with HttpListener(HOOK) as hook:
        until_so(lambda: hook.posts, 60)
        until_so(lambda: state()["waiting"] == 0 and not state()["failure"], 30)
    ids = {headers["webhook-id"] for headers, _ in hook.posts}
    assert len(ids) == 1
    assert json.loads(hook.posts[0][1])["finding_info"]["uid"] == alert_id
    (case,) = running.management._call("GET", "/cases")["items"]
    assert (case["alerts"], case["opened_by"]) == ([alert_id], "detection")


def test_a_scanner_is_kept_out_and_the_watch_forgets_nothing_when_killed(watched: Running) -> None:
    probe(watched, range(12))
    until(watched, 403)
    refused = watched.partner.call("GET", watched.installation.accounts_url, watched.tokens)
    assert refused.json()["type"] == "urn:ringfence:problem:network-blocked"
    until_so(lambda: watched.management._call("GET", "/alerts")["items"][0]["answered"], 30)  # after all that was done
    (alert,) = watched.management._call("GET", "/alerts")["items"]
    assert (alert["rule"], alert["answered"].split()) == (
        "path-probing",
        ["block:network:127.0.0.1", "notify:channel:phone", "open-case:network:127.0.0.1"],
    )
    require_told(watched, alert["alert_id"])
    (block,) = watched.management._call("GET", "/blocks")["items"]
    assert (block["by"], block["value"]) == ("detection", "127.0.0.1")
    deadline = time.monotonic() + 10  # the block stands at once; its event is on its way for a moment longer
    while not watched.events("alert.raised.v1"):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert [e["rule"] for e in watched.events("alert.raised.v1")] == ["path-probing"]
    lift(watched)
    until(watched, 200)
    asked = {"kind": "network", "value": "127.0.0.1"}
    found = watched.management._call("POST", "/risk/show", asked)
    assert [one["reason"] for one in found["against"]] == ["path-probing"]
    deadline = time.monotonic() + 30
    while ["network:path-probing"] not in [e["risk_reasons"] for e in watched.events("call.decided.v1") if e["risk"]]:
        assert time.monotonic() < deadline, "every worker reads what the watch has against a caller"
        time.sleep(0.02)
    watched.management._call("POST", "/risk/clear", asked | {"why": "it was us"})
    assert watched.management._call("POST", "/risk/show", asked)["score"] == 0

    os.kill(watched.role_pid("watch"), signal.SIGKILL)
    browser_failures(watched, 6)
    deadline = time.monotonic() + 20
    while "brute-force" not in {a["rule"] for a in watched.management._call("GET", "/alerts")["items"]}:
        assert time.monotonic() < deadline
        browser_failures(watched, 1)
        time.sleep(0.2)
    rules = [a["rule"] for a in watched.management._call("GET", "/alerts")["items"]]
    assert rules.count("path-probing") == 1, "what was read again was not told again"
    until(watched, 403)
    lift(watched)
    until(watched, 200)


def browser_failures(running: Running, times: int) -> None:
    """Guess one stranger's password; once the network is kept out, there is nothing to guess at."""
    for _ in range(times):
        with contextlib.suppress(Unexpected), running.installation.http() as http:
            pushed = running.partner.push(("accounts",))
            browser = Browser(http)
            page = browser.open(running.partner.authorization_url(pushed))
            browser.submit(page, page.forms[LOGIN_FORM], {"username": "nobody", "password": "wrong password"})
