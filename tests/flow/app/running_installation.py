"""A running installation under load: real edge, workers, authorization server and bank."""

import re
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import httpx

from ringfence.app.installing import create_keys
from ringfence.clock import system_clock
from ringfence.demo.cast import HARBOUR, register_customer, register_partner
from ringfence.demo.customer import Customer
from ringfence.demo.installation import Installation, start, write_installation
from ringfence.demo.management import Management
from ringfence.demo.partner import Partner, Tokens, discover
from ringfence.demo.processes import Processes
from ringfence.ids import system_random


@dataclass
class Load:
    """Partners' calls from several threads, each with a proof of its own, until it is ended."""

    running: "Running"
    method: str = "GET"
    outcomes: Counter[str] = field(default_factory=Counter)
    _stop: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._threads = [threading.Thread(target=self._calls) for _ in range(3)]
        for thread in self._threads:
            thread.start()
        self.until_calls(20)
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def until_calls(self, more: int, within: float = 30) -> None:
        """Wait until that many more calls were answered with 200."""
        target, until = self.outcomes["200"] + more, time.monotonic() + within
        while self.outcomes["200"] < target:
            assert time.monotonic() < until, self.outcomes
            time.sleep(0.02)

    def failures(self) -> dict[str, int]:
        return {what: count for what, count in self.outcomes.items() if what != "200"}

    def _calls(self) -> None:
        while not self._stop.is_set():
            with self.running.installation.http() as http:
                partner = Partner(
                    self.running.partner.registration, self.running.partner.server, http, system_clock, system_random
                )
                try:
                    while not self._stop.is_set():
                        response = partner.call("GET", self.running.installation.accounts_url, self.running.tokens)
                        self.outcomes["200" if response.status_code == 200 else response.text[:120]] += 1
                except httpx.TransportError as error:
                    self.outcomes[type(error).__name__] += 1
                    time.sleep(0.02)


@dataclass
class Running:
    installation: Installation
    processes: Processes
    partner: Partner
    tokens: Tokens
    management: Management
    customer: Customer

    def role_pid(self, role: str) -> int:
        """The process of a role, found by what it was started with."""
        needle = f"{self.installation.directory}/state/".encode()
        for entry in Path("/proc").iterdir():
            try:
                line = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if not any(needle in part for part in line):
                continue
            if role.encode() in line or (role == "edge" and line[0].endswith(b"envoy")):
                return int(entry.name)
        raise AssertionError(f"{role} does not run")

    def supervisor_pid(self) -> int:
        stat = Path(f"/proc/{self.role_pid('gateway-0')}/stat").read_text()
        return int(stat.rpartition(")")[2].split()[1])

    def log(self) -> str:
        return "".join(path.read_text() for path in (self.installation.directory / "logs").glob("ringfence*"))

    def edit_policy(self, pattern: str, replacement: str) -> None:
        text = self.installation.policy.read_text()
        changed = re.sub(pattern, replacement, text)
        assert changed != text
        beside = self.installation.policy.with_suffix(".new")
        beside.write_text(changed)
        beside.rename(self.installation.policy)

    def events(self, kind: str) -> list[dict]:
        found, after = [], 0
        while page := self.management._call("GET", "/events", params={"after": str(after), "limit": "1000"})["items"]:
            found += [row["event"] for row in page if row["event"]["event"] == kind]
            after = page[-1]["position"]
        return found

    def wait_for_event(self, kind: str, wanted: Callable[[dict], bool], seconds: float = 30) -> None:
        """Return when an event of this kind is there: an answer may be out before its event is readable."""
        until = time.monotonic() + seconds
        while not any(wanted(event) for event in self.events(kind)):
            assert time.monotonic() < until, f"no such {kind}"
            time.sleep(0.1)


def begin(
    directory: Path,
    processes: Processes,
    more: str = "",
    change: Callable[[str], str] = lambda policy: policy,
    *,
    by_risk: bool = False,
) -> Running:
    """Start an installation; `more` is put at the end of its policy, and `change` made to the whole."""
    installation = write_installation(directory, system_clock(), create_keys, by_risk=by_risk)
    text = installation.policy.read_text()
    fast = re.sub(r"rate_per_second: \d+, burst: \d+", "rate_per_second: 100000, burst: 100000", text)
    installation.policy.write_text(change(fast + more))
    start(installation, processes)
    management = Management(installation.admin_socket)
    http, browser = installation.http(), installation.http()
    server = discover(http, installation.issuer)
    partner = Partner(register_partner(HARBOUR, management), server, http, system_clock, system_random)
    customer, _ = register_customer(installation, management, browser, system_random)
    pushed = partner.push(("accounts", "payments"))
    tokens = partner.redeem(customer.consent(partner.authorization_url(pushed)), pushed)
    return Running(installation, processes, partner, tokens, management, customer)
