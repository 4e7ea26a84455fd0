"""Two policies compared as `ringfence diff` does."""

from collections.abc import Callable
from pathlib import Path

import pytest

from ringfence.policy.diff import called, compare
from ringfence.policy.load import load

Installation = Callable[..., Path]

BANK = """\
openapi: 3.0.3
info: {title: Bank, version: 1.0.0}
security: [{o: []}]
paths:
  /accounts/{id}:
    get:
      operationId: getAccount
      parameters:
        - {name: id, in: path, required: true, schema: {type: string, maxLength: 9}}
        - {name: page, in: query, schema: {type: integer}}
      responses: {'200': {description: ok, content: {application/json: {schema: {type: object, properties: {iban: {type: string}}}}}}}
  /payments:
    post:
      operationId: pay
      requestBody:
        required: true
        content: {application/json: {schema: {type: object, required: [amount], properties: {amount: {type: string}, text: {type: string, maxLength: 35}}}}}
      responses: {'201': {description: ok}}
"""
PAY = "        operations: {pay: {%s}}\non_outage"
DEFAULTS = "defaults: {scopes: [pay], limits: [client]}"


@pytest.fixture
def told(installation: Installation) -> Callable[..., list[tuple[str, str, str]]]:
    """Compare a policy with the same after replacements; those of the document as pairs in `bank`."""

    def run(
        *replacements: tuple[str, str], bank: tuple[str, str] = ("", ""), first: tuple[tuple[str, str], ...] = ()
    ) -> list[tuple[str, str, str]]:
        old = load(installation(*first, bank=BANK), keep=True)
        assert bank[0] in BANK
        new = load(installation(*first, *replacements, bank=BANK.replace(*bank, 1)), keep=True)
        return [(d.direction, d.place, d.what) for d in compare(old, new)]

    return run


def test_the_same_policy_differs_in_nothing(told) -> None:
    assert told() == []


EVERY = "bank/v1, every operation"


@pytest.mark.parametrize(
    ("old", "new", "place", "what"),
    [
        ("limits: [client]}", "limits: [client], binding: dpop}", EVERY, "binding: mtls is no longer taken"),
        ("limits: [client]}", "limits: [client], dpop_nonce: required}", EVERY, "nonce_required: true now, was false"),
        ("limits: [client]}", "limits: [client], signature: required}", EVERY, "signature_required: true now, was false"),
        ("limits: [client]}", "limits: [client], acr: [loa3]}", EVERY, 'acr: ["loa3"] now, was none'),
        ("limits: [client]}", "limits: [client], max_age_seconds: 60}", EVERY, "max_age_seconds: 60 now, was none"),
        ("limits: [client]}", "limits: [client], max_body_bytes: 10}", EVERY, "max_body_bytes: 10 now, was 65536"),
        ("limits: []}", "limits: [client]}", EVERY, "limits: client is new: 1 a second per client, bursts of 2"),
        ("burst: 3", "burst: 2", EVERY, "limits: client burst: 2 now, was 3"),
        ("rate_per_second: 2", "rate_per_second: 1", EVERY, "limits: client rate_per_second: 1.0 now, was 2.0"),
        ("defaults: {user: any, scopes", "defaults: {scopes", EVERY, "user_required: true now, was false"),
        ("scopes: [pay], limits", "scopes: [pay, see], limits", EVERY, "scopes: see is demanded now"),
        ("screening: {mode: shadow}", "screening: {mode: enforce}", EVERY, "screening.mode: enforce now, was shadow"),
        ("unknown_query: pass", "unknown_query: refuse", EVERY, "unknown_query: refuse now, was pass"),
        (
            "responses: {wrong_type: report}",
            "responses: {wrong_type: refuse}",
            EVERY,
            "response_rules.wrong_type: refuse now, was report",
        ),
        ("port: 8443\n    tls: {minimum: '1.2', ", "port: 8443\n    tls: {", "listeners.public.tls.minimum", "1.3 now, was 1.2"),
        ("oauth:\n  client_algorithms: [ES256, PS256]", "oauth:\n  client_algorithms: [ES256]", "oauth.client_algorithms", "PS256 is no longer taken"),
        ("oauth:\n  lifetimes: {code_seconds: 50}", "oauth:\n  lifetimes: {code_seconds: 20}", "oauth.lifetimes.code_seconds", "20 now, was 50"),
        ("watch: {modes: {brute-force: alert}}", "watch: {modes: {brute-force: enforce}}", "watch.modes.brute-force", "enforce now, was alert"),
        ("watch: {modes: {brute-force: 'off'}}", "watch: {}", "watch.modes.brute-force", "the rule's own mode now, was off"),
        ("events: spill", "events: refuse", "on_outage.events", "refuse now, was spill"),
        ("hosts: [a.example, b.example]", "hosts: [a.example]", "hosts", "b.example is no longer taken"),
    ],
)  # fmt: skip
def test_a_setting_has_its_direction_and_the_way_back_the_other(
    installation: Installation, old: str, new: str, place: str, what: str
) -> None:
    anchors = [
        ("burst: ", "burst: 2"), ("rate_per_second: ", "rate_per_second: 1"), ("oauth:\n", "oauth:\n"),
        ("port: 8443\n", "port: 8443\n    tls: {"), ("events: ", "events: refuse"), ("defaults: {", "defaults: {scopes"),
        ("limits: [", "limits: [client]}"), ("scopes: [pay], limits", "scopes: [pay], limits"),
    ]  # fmt: skip
    anchor = next((a for start, a in anchors if old.startswith(start)), "")

    def side(text: str):
        scopes = ("scopes: {pay: Pay}", "scopes: {pay: Pay, see: See}")
        if anchor:
            text += "\n" * text.startswith("oauth:\n ")
            return load(installation(scopes, (anchor, text), bank=BANK), keep=True)
        inner = text.startswith(("screening", "unknown_query", "responses"))
        where = ("on_outage:", f"        {text}\non_outage:") if inner else ("on_outage:", f"{text}\non_outage:")
        return load(installation(scopes, where, bank=BANK), keep=True)

    before, after = side(old), side(new)
    assert [(d.direction, d.place, d.what) for d in compare(before, after)] == [("stricter", place, what)]
    assert [(d.direction, d.place) for d in compare(after, before)] == [("looser", place)]


def test_operations_added_removed_and_hidden(told) -> None:
    hide = ("on_outage", PAY % "expose: false")
    assert told(hide) == [("stricter", "bank/v1 pay", "POST /payments is hidden")]
    gone = told(
        bank=(
            "/payments:\n    post",
            "/payments/{x}:\n    parameters: [{name: x, in: path, required: true, schema: {type: string}}]\n    post",
        )
    )
    assert ("looser", "bank/v1 pay", "POST /payments/{x} is new") in gone
    assert ("stricter", "bank/v1 pay", "POST /payments is gone") in gone


def test_one_operation_of_several_is_told_by_its_name(told) -> None:
    found = told(("on_outage", PAY % "scopes: [pay], max_body_bytes: 100000"))
    assert found == [("looser", "bank/v1 pay", "max_body_bytes: 100000 now, was 65536")]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("maxLength: 35", "maxLength: 36", ("looser", "body application/json /text: `maxLength`: 36 characters, was 35")),
        ("required: [amount], ", "", ("looser", "body application/json /amount: need no longer be there")),
        ("required: [amount]", "required: [amount, text]", ("stricter", "body application/json /text: must be there now")),
        ("text: {type", "note: {type: string}, text: {type", ("looser", "body application/json /note: is taken now")),
        ("maxLength: 35}", "maxLength: 35, pattern: '^a$'}", ("stricter", "body application/json /text: `pattern` is demanded now")),
        ("required: true\n", "required: false\n", ("looser", "body_required: false now, was true")),
    ],
)  # fmt: skip
def test_a_changed_request_body(told, old: str, new: str, expected: tuple[str, str]) -> None:
    assert told(bank=(old, new)) == [(expected[0], "bank/v1 pay", expected[1])]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("maxLength: 9", "maxLength: 99", [("looser", "path id: `maxLength`: 99 characters, was 9")]),
        ("{name: page, in: query,", "{name: page, in: query, required: true,", [("stricter", "query page: must be there now")]),
        ("name: page,", "name: size,", [("looser", "query size: is taken now"), ("stricter", "query page: is no longer taken")]),
        ("in: query,", "in: header,", [("stricter", "header page: is checked now"), ("stricter", "query page: is no longer taken")]),
        ("iban: {type: string}", "iban: {type: string}, name: {type: string}", [("unclear", "answer 200 application/json /name is described otherwise")]),
    ],
)  # fmt: skip
def test_changed_parameters_and_answers(told, old: str, new: str, expected: list[tuple[str, str]]) -> None:
    found = [(d, w) for d, _, w in told(bank=(old, new))]
    assert found == expected


def test_a_renamed_parameter_of_the_path_is_the_same_call(told, installation: Installation) -> None:
    renamed = BANK.replace("/accounts/{id}", "/accounts/{account}").replace("{name: id,", "{name: account,")
    old, new = load(installation(bank=BANK), keep=True), load(installation(bank=renamed), keep=True)
    assert [(d.direction, d.what) for d in compare(old, new)] == [
        ("other", "template: /accounts/{account} now, was /accounts/{id}")
    ]
    assert called("GET", "/a/{x}") == called("GET", "/a/{y}") != called("GET", "/a/x")


def test_another_upstream_is_other(told) -> None:
    assert told(("127.0.0.1:9000", "127.0.0.1:9001")) == [
        ("other", EVERY, "upstream.url: http://127.0.0.1:9001 now, was http://127.0.0.1:9000")
    ]


def test_a_renamed_version_hides_no_change(told) -> None:
    found = told(
        ("name: v1", "name: v2"), ("defaults: {scopes: [pay], ", "defaults: {scopes: [pay], max_body_bytes: 99999, ")
    )
    assert ("looser", "bank/v2, every operation", "max_body_bytes: 99999 now, was 65536") in found
    assert ("other", "bank/v2, every operation", "version: v2 now, was v1") in found


def test_step_up_from_a_smaller_amount_on_is_only_stricter(told) -> None:
    first = (("on_outage", PAY % "step_up: [{amount: /amount, at_least: '100', acr: [loa3]}]"),)
    assert [d for d, _, _ in told(("'100'", "'50'"), first=first)] == ["stricter"]
    assert [d for d, _, _ in told(("'100'", "'200'"), first=first)] == ["looser"]
    assert [d for d, _, _ in told(("step_up: [{amount: /amount, at_least: '100', acr: [loa3]}]", ""), first=first)] == [
        "looser"
    ]


def test_a_screening_exception_is_looser(told) -> None:
    exceptions = "        screening: {exceptions: [{at: /text, classes: [sql], reason: why not}]}\non_outage"
    first = (("on_outage", exceptions),)
    assert told(("on_outage", exceptions)) == [
        ("looser", EVERY, "screening.exceptions: /text is no longer read for sql")
    ]
    assert [d for d, _, _ in told(("classes: [sql]", "classes: [sql, xss]"), first=first)] == ["looser"]
    assert [d for d, _, _ in told(("classes: [sql], ", ""), first=first)] == ["looser"]
    assert [d for d, _, _ in told(("why not", "because"), first=first)] == ["other"]
