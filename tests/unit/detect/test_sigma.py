import contextlib
from typing import Any

import msgspec
import pytest

from ringfence.clock import Instant
from ringfence.detect.engine import Engine
from ringfence.detect.load import read_rule
from ringfence.detect.sigma import imported
from ringfence.detect.sigma_condition import NotExpressible
from ringfence.events import CallDecided, LoginDecided

NOW = 1_800_000_000.0

GIT = """
title: Version control folders asked for
id: 953460d4-6810-4f8f-8dbd-cd8b3a3c4f4a
status: test
description: Somebody looks for a repository that was left on the server.
tags: [attack.reconnaissance, attack.t1595.002, cve.2021.1]
logsource: {category: webserver}
detection:
    selection:
        cs-method: GET
        cs-uri-stem|contains: [/.git/, /.svn/]
    filter:
        sc-status: 200
    condition: selection and not filter
falsepositives: [unlikely]
level: high
"""

OAUTH = """
title: Many names from one network
name: failed_login
logsource: {product: ringfence, service: oauth}
detection:
    failed: {event: login.decided.v1, allowed: false}
    condition: failed
---
title: Many names fail from one network
id: 6b8f0d5e-0000-4000-8000-000000000001
correlation:
    type: value_count
    rules: [failed_login]
    group-by: [network]
    timespan: 5m
    condition: {gte: 3, field: username_hash}
level: medium
"""


def one(text: str) -> dict[str, Any]:
    (found,) = imported(text.encode())
    assert found.rule is not None, found.why_not
    return found.rule


def engine(rule: dict[str, Any]) -> Engine:
    return Engine([read_rule(msgspec.yaml.encode(rule), "x")])


def call(n: int, path: str, status: int = 404, method: str = "GET") -> CallDecided:
    return CallDecided(
        Instant(NOW + n), "c", "t", allowed=False, status=status, path=path, method=method, network="192.0.2.1"
    )


def login(n: int, name: str) -> LoginDecided:
    return LoginDecided(Instant(NOW + n), "c", allowed=False, username_hash=name, network="192.0.2.1")


def test_a_rule_about_web_logs_finds_the_same_in_our_events() -> None:
    rule = one(GIT)
    assert (rule["id"], rule["mode"], rule["level"]) == ("sigma-version-control-folders-asked-for", "shadow", "high")
    assert rule["references"] == {"attack": ["T1595.002"]}
    assert "953460d4" in rule["description"]
    watch = engine(rule)
    assert not watch.feed(1, call(1, "/.git/config", 200))
    assert not watch.feed(2, call(2, "/git/"))
    assert not watch.feed(3, call(3, "/.git/config", method="POST"))
    assert watch.feed(4, call(4, "/x/.SVN/entries"))


def test_a_correlation_takes_the_rule_that_it_names_into_itself() -> None:
    watch = engine(one(OAUTH))
    raised = [bool(watch.feed(n, login(n, name))) for n, name in enumerate(["a", "a", "b", "b", "c"])]
    assert raised == [False, False, False, False, True]


def test_counts_orders_and_coincidences() -> None:
    counted = OAUTH.replace("value_count", "event_count").replace("{gte: 3, field: username_hash}", "{gt: 3}")
    watch = engine(one(counted))
    assert [bool(watch.feed(n, login(n, "a"))) for n in range(4)] == [False, False, False, True]
    probed = """
title: a folder, then an error
name: folder
logsource: {category: webserver}
detection: {s: {cs-uri-stem: /backup*}, condition: s}
---
title: an error
name: failed
logsource: {category: webserver}
detection: {s: {sc-status|gte: 500}, condition: s}
---
title: A backup was asked for and something broke
correlation: {type: TYPE, rules: [folder, failed], group-by: [c-ip], timespan: 1m}
"""
    first, then = call(1, "/backup.zip"), call(2, "/x", 500)
    ordered = engine(one(probed.replace("TYPE", "temporal_ordered")))
    assert not ordered.feed(1, call(0, "/x", 500))
    assert not ordered.feed(2, first)
    assert ordered.feed(3, then)
    together = engine(one(probed.replace("TYPE", "temporal")))
    assert not together.feed(1, then)
    assert together.feed(2, call(3, "/backup.zip"))


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (("category: webserver", "category: process_creation, product: windows"), "other logs"),
        (("cs-uri-stem|contains", "cs-uri-query|contains"), "no event keeps a query"),
        (("cs-uri-stem|contains", "cs-uri-stem|contains|all"), "several values"),
        (("condition: selection and not filter", "condition: selection | count() > 3"), "correlation in Sigma 2"),
        (("        sc-status: 200", "        sc-status: 200\n        cs-method: GET"), "more than one field"),
        (("        sc-status: 200", "        sc-status|gte: 200"), "cannot be turned round"),
        (("        cs-method: GET\n", "        cs-method: GET\n        c-uri|contains: x\n"), "two conditions"),
        (("    condition: selection and not filter", "    condition: [selection, filter]"), "several"),
        (("    condition: selection and not filter\n", ""), "no condition"),
    ],
)
def test_what_cannot_be_said_is_refused_with_the_reason(change: tuple[str, str], why: str) -> None:
    assert change[0] in GIT
    (found,) = imported(GIT.replace(*change).encode())
    assert found.rule is None
    assert why in found.why_not


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (("[failed_login]", "[elsewhere]"), "does not stand in the same file"),
        (("value_count", "value_median"), "of type `value_median`"),
        (("timespan: 5m", "timespan: 5M"), "timespan"),
        (("{gte: 3,", "{lt: 3,"), "only `gte` and `gt`"),
        (("{gte: 3,", "{gte: 3, lte: 5,"), "not one comparison"),
        (("field: username_hash", "field: colour"), "no event has a field"),
    ],
)
def test_correlations_that_cannot_be_said(change: tuple[str, str], why: str) -> None:
    assert change[0] in OAUTH
    found = imported(OAUTH.replace(*change).encode())
    assert any(why in one.why_not for one in found), found


@pytest.mark.parametrize("text", ["", "3", "- a", "a: [", "a: &a [*a]\nb: 1\n---\n3", "x" * 300_000])
def test_what_is_no_sigma_is_refused(text: str) -> None:
    with contextlib.suppress(NotExpressible):
        assert all(found.rule is None for found in imported(text.encode()))


def test_words_and_braces_of_a_title_do_no_harm() -> None:
    rule = one(GIT.replace("Version control folders asked for", "'{x} \x07 [bold]$(rm)'").replace("\x07", ""))
    watch = engine(rule)
    (alert,) = watch.feed(1, call(1, "/.git/"))
    assert alert.explanation.startswith("{x}")
    assert rule["id"] == "sigma-x-bold-rm"


def test_aliases_in_aliases_do_not_unfold() -> None:
    bomb = "\n".join(["a0: &a0 [x, x]", *(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}, *a{n - 1}]" for n in range(1, 25))])
    with pytest.raises(NotExpressible, match="aliases"):
        imported(f"{bomb}\ntitle: *a24\n{GIT.partition('title: Version control folders asked for')[2]}".encode())


def test_a_selection_whose_name_is_a_number_is_refused_and_no_crash() -> None:
    text = GIT.replace("    selection:", "    1:").replace("selection and not filter", "all of them and 1")
    (found,) = imported(text.encode())
    assert found.rule is None
    assert found.why_not
