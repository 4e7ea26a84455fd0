"""From a decisive event to the refusal at every worker: `python -m bench.respond`.

A wrong password comes from an address of its own, a rule fires at the first, and its network is blocked. Calls with a
good token come from the same address all the while; the edge gives them to the workers in turn.
"""

import argparse
import contextlib
import math
import ssl
import statistics
import tempfile
import time
from pathlib import Path
from typing import Final

import httpx
from rich.console import Console

from ringfence.app.installing import create_keys
from ringfence.clock import system_clock
from ringfence.demo.cast import HARBOUR, register_customer, register_partner
from ringfence.demo.customer import LOGIN_FORM, Browser
from ringfence.demo.installation import CALL_SECONDS, Installation, start, write_installation
from ringfence.demo.management import Management
from ringfence.demo.partner import Partner, Tokens, Unexpected, discover
from ringfence.demo.processes import Processes
from ringfence.ids import system_random

REPETITIONS: Final = 200
QUICK: Final = 20
"""Repetitions of `--quick`: enough for a median, not for a p99."""
IN_A_ROW: Final = 4
"""Refusals one after the other: the edge gives calls to both workers in turn."""
GIVE_UP_SECONDS: Final = 30.0
AIM_SECONDS: Final = 0.25
RULE: Final = """id: bench-one-failure
title: One wrong password
description: Fires at once, for the bench.
level: high
mode: enforce
selections: {failed: {event: login.decided.v1, allowed: false}}
group-by: [network]
timespan: 1m
fires: count >= 1
explain: "one from {network}"
cool-down: 1s
responses: [block-network]
block-for: 10m
"""
POLICY: Final = "\nwatch: {rules: rules, responses_per_hour: 100000}\n"


def one(installation: Installation, partner: Partner, tokens: Tokens, address: str) -> float:
    """Return the seconds from the answer to the wrong password to the refusal at every worker."""
    context = ssl.create_default_context(cafile=installation.authority)
    transport = httpx.HTTPTransport(verify=context, local_address=address)
    with httpx.Client(transport=transport, timeout=CALL_SECONDS, trust_env=False) as http:
        caller = Partner(partner.registration, partner.server, http, system_clock, system_random)
        if caller.call("GET", installation.accounts_url, tokens).status_code != httpx.codes.OK:
            raise Unexpected("refused before the event")
        browser = Browser(http)
        page = browser.open(partner.authorization_url(partner.push(("accounts",))))
        with contextlib.suppress(Unexpected):
            browser.submit(page, page.forms[LOGIN_FORM], {"username": "nobody", "password": "wrong"})
        began, first, in_a_row = time.perf_counter(), 0.0, 0
        while in_a_row < IN_A_ROW:
            answer = caller.call("GET", installation.accounts_url, tokens)
            now = time.perf_counter()
            refused = answer.status_code == httpx.codes.FORBIDDEN
            first = now if refused and not in_a_row else first
            in_a_row = in_a_row + 1 if refused else 0
            if now - began > GIVE_UP_SECONDS:
                raise Unexpected(f"still answered {answer.status_code}")
        return first - began


def run(console: Console, repetitions: int = REPETITIONS) -> dict[str, float]:
    """Measure and print; return seconds."""
    with tempfile.TemporaryDirectory(prefix="ringfence-bench-") as place, Processes(Path(place) / "logs") as processes:
        directory = Path(place)
        (directory / "rules").mkdir()
        (directory / "rules" / "one.yaml").write_text(RULE)
        installation = write_installation(directory, system_clock(), create_keys, POLICY)
        text = installation.policy.read_text()
        generous = text.replace("rate_per_second: 10, burst: 40", "rate_per_second: 100000, burst: 100000")
        if generous == text:
            raise Unexpected("the demo's limits have another form: the bench would measure them")
        installation.policy.write_text(generous)
        start(installation, processes)
        with (
            Management(installation.admin_socket) as management,
            installation.http() as http,
            installation.http() as browser,
        ):
            server = discover(http, installation.issuer)
            partner = Partner(register_partner(HARBOUR, management), server, http, system_clock, system_random)
            customer, _ = register_customer(installation, management, browser, system_random)
            pushed = partner.push(("accounts",))
            tokens = partner.redeem(customer.consent(partner.authorization_url(pushed)), pushed)
            taken = []
            for n in range(repetitions):
                if n % 50 == 49:
                    tokens = partner.refresh(tokens)
                taken.append(one(installation, partner, tokens, f"127.80.{n // 250}.{n % 250 + 1}"))
    taken.sort()
    figures = {
        "repetitions": float(repetitions),
        "p50": statistics.median(taken),
        "p99": taken[math.ceil(0.99 * len(taken)) - 1],
        "most": taken[-1],
    }
    console.print(
        f"from the event to the refusal at every worker, {repetitions} times: p50 {figures['p50'] * 1000:.0f} ms, "
        f"p99 {figures['p99'] * 1000:.0f} ms, most {figures['most'] * 1000:.0f} ms (aim: p99 below {AIM_SECONDS * 1000:.0f} ms)"
    )
    return figures


def main() -> None:
    """Run it from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=REPETITIONS)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} repetitions")
    arguments = parser.parse_args()
    run(Console(), QUICK if arguments.quick else arguments.repetitions)


if __name__ == "__main__":
    main()
