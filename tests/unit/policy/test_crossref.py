from collections.abc import Callable
from pathlib import Path

import pytest

from ringfence.policy.crossref import url_problem
from ringfence.policy.load import PolicyMistakes, load

Installation = Callable[..., Path]

MTLS = """\
  mtls:
    port: 8443
    tls: {certificate: server.pem, key: server.key}
    client_certificates: {authorities: [ca.pem]}
oauth:
"""


def told(path: Path) -> list[tuple[int, int, str, str]]:
    with pytest.raises(PolicyMistakes) as found:
        load(path)
    return [(m.line, m.column, m.message, m.instead) for m in found.value.mistakes]


def test_names_that_nothing_bears(installation: Installation) -> None:
    path = installation(
        (
            "{scopes: [pay], limits: [client]}",
            "{scopes: [pai], limits: [clients], binding: mtls}\n        operations: {getAcounts: {scopes: [pay]}}",
        )
    )
    assert [(line, column, message) for line, column, message, _ in told(path)] == [
        (17, 29, "there is no scope `pai` under `oauth.scopes`"),
        (17, 44, "there is no limit `clients` under `limits`"),
        (17, 63, "there is no mTLS listener"),
        (18, 22, "bank.yaml has no operation `getAcounts`"),
    ]
    assert "write `pay`" in told(path)[0][3]
    assert "write `getAccounts`" in told(path)[3][3]


def test_listeners_that_clash_and_files_that_are_missing(installation: Installation) -> None:
    path = installation(
        ("oauth:\n", MTLS),
        ("{certificate: server.pem, key: server.key}\n  mtls", "{certificate: none.pem, key: server.key}\n  mtls"),
    )
    messages = [(line, column, message.replace(str(path.parent), "…")) for line, column, message, _ in told(path)]
    assert messages == [
        (6, 24, "there is no file …/none.pem"),
        (8, 11, "the public listener has port 8443 too"),
        (10, 41, "there is no file …/ca.pem"),
    ]


def test_a_listener_that_takes_no_certificate(installation: Installation) -> None:
    path = installation(("oauth:\n", MTLS.replace("{authorities: [ca.pem]}", "{}").replace("8443", "8444")))
    assert [t[2] for t in told(path)] == ["no client certificate could ever be accepted"]


def test_a_key_that_others_can_read(installation: Installation) -> None:
    path = installation()
    (path.parent / "server.key").chmod(0o640)
    (only,) = told(path)
    assert only[:2] == (6, 41)
    assert only[3].startswith("run: chmod 600")


def test_names_given_twice(installation: Installation) -> None:
    again = """\
  - name: bank
    versions:
      - name: v1
        openapi: bank.yaml
        base_path: /b
        upstream: {url: "http://127.0.0.1:9000"}
        defaults: {scopes: [pay]}
      - name: v1
        openapi: bank.yaml
        base_path: /c
        upstream: {url: "http://127.0.0.1:99999"}
        defaults: {scopes: [pay]}
on_outage:"""
    assert [(t[0], t[2]) for t in told(installation(("on_outage:", again)))] == [
        (18, "there is another API `bank`"),
        (25, "`bank` has another version `v1`"),
        (28, "`url` has a port or host that cannot be read"),
    ]


@pytest.mark.parametrize(
    "url",
    [
        "https://a b/",
        "https://user@host",
        "https://-a.example",
        "https://a..b",
        "https://h:x",
        "https://h:0",
        "https://é.example",
    ],
)
def test_urls_that_are_none(url: str) -> None:
    assert url_problem(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://localhost:8443",
        "http://127.0.0.1",
        "http://[::1]:80/x",
        "https://a-b.example/x",
        "http://under_score:1",
    ],
)
def test_urls(url: str) -> None:
    assert url_problem(url) == ""


def test_a_password_of_two_sources_and_files_that_anybody_reads(installation: Installation) -> None:
    records = "\nrecords: {url: 'postgresql://u@db/n', password_file: pass, password_variable: P, authority: ca.pem}\n"
    path = installation(("upstream: refuse}\n", "upstream: refuse}" + records))
    messages = [t[2].replace(str(path.parent), "…") for t in told(path)]
    assert messages == ["there is no file …/pass", "the password has two sources", "there is no file …/ca.pem"]
    (path.parent / "pass").write_text("secret")
    (path.parent / "pass").chmod(0o640)
    assert "others than its owner can read the password file pass" in [t[2] for t in told(path)]


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:password@db/n",
        "mysql://u@db/n",
        "postgresql://db/n",
        "postgresql://u@db",
        "postgresql://u@db/n?sslmode=disable",
    ],
)
def test_addresses_of_records_that_are_not_taken(installation: Installation, url: str) -> None:
    path = installation(("upstream: refuse}\n", f"upstream: refuse}}\nrecords: {{url: '{url}'}}\n"))
    assert "url" in told(path)[0][2]


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u@db:5432/n",
        "postgresql+asyncpg://u@[::1]:5432/n",
        "postgresql://u@/n?host=/run/postgresql",
    ],
)
def test_addresses_of_records(installation: Installation, url: str) -> None:
    loaded = load(installation(("upstream: refuse}\n", f"upstream: refuse}}\nrecords: {{url: '{url}'}}\n")))
    assert loaded.policy.records is not None
    assert loaded.policy.records.url == url


def test_a_nonce_where_no_proof_can_come(installation: Installation) -> None:
    contradiction = "{scopes: [pay], limits: [client], binding: mtls, dpop_nonce: required}"
    path = installation(("oauth:\n", MTLS), ("{scopes: [pay], limits: [client]}", contradiction))
    assert "tokens bound by mTLS come without a DPoP proof" in [t[2] for t in told(path)]


def test_a_list_of_leaked_passwords_is_a_file_or_a_directory(installation: Installation) -> None:
    change = ("oauth:\n", "oauth:\n  passwords: {minimum_length: 12, leaked: leaked}\n")
    path = installation(change)
    assert [t[2].replace(str(path.parent), "…") for t in told(path)] == ["there is no file …/leaked"]
    (path.parent / "leaked").mkdir()
    assert load(path).policy.oauth.passwords.minimum_length == 12


def test_who_may_act_may_pass_on_what_there_is(installation: Installation) -> None:
    rule = "{actor: b, tokens_of: [a, b], scopes: [pay, pai], authorization_details: [none]}"
    path = installation(("oauth:\n", f"oauth:\n  may_act: [{rule}]\n"))
    assert [message for _, _, message, _ in told(path)] == [
        "`b` would exchange its own tokens",
        "there is no scope `pai` under `oauth.scopes`",
        "there is no type `none` under `oauth.authorization_details`",
    ]
    good = "{actor: b, tokens_of: [a], scopes: [pay]}"
    loaded = load(installation(("oauth:\n", f"oauth:\n  may_act: [{good}]\n")))
    assert loaded.policy.oauth.may_act[0].actor == "b"


def test_an_accent_that_cannot_be_read(installation: Installation) -> None:
    path = installation(("oauth:\n", 'oauth:\n  pages: {accent: "#ffcc00"}\n'))
    assert [(message, instead) for _, _, message, instead in told(path)] == [
        ("white text on `#ffcc00` has a contrast of 1.5", "take a darker colour: at least 4.5 (WCAG 2.2 §1.4.3)")
    ]
    load(installation(("oauth:\n", 'oauth:\n  pages: {accent: "#7a0019"}\n')))
