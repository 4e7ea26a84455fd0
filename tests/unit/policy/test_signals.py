"""Transmitters in a policy file: keys come to stand in it, files are absolute, and each mistake is told with its place."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from ringfence.policy.load import PolicyMistakes, load
from ringfence.policy.signals import absolute_signals

KEYS = {"keys": [{"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA", "kid": "1"}]}
EVENTS = "events: {session-revoked: [end-logins]}"
SUBJECTS = "subjects: [{format: opaque, names: user}]"
PUSH = "push: {token_file: t}"
KEYS_AT = "jwks_uri: https://idp.example/jwks"


def with_signals(installation: Callable[..., Path], *members: str, issuer: str = "issuer: https://idp.example") -> Path:
    text = ", ".join(filter(None, (issuer, *members)))
    path = installation(("oauth:\n", f"signals: {{transmitters: {{idp: {{{text}}}}}}}\noauth:\n"))
    for name in ("t", "links"):
        (path.parent / name).write_text("x")
        (path.parent / name).chmod(0o600)
    (path.parent / "idp.json").write_text(json.dumps(KEYS))
    return path


def told(path: Path) -> str:
    with pytest.raises(PolicyMistakes) as found:
        load(path)
    return "\n".join(f"{m.message}; {m.instead}" for m in found.value.mistakes)


def test_keys_are_read_and_files_are_absolute(installation: Callable[..., Path]) -> None:
    linked = "subjects: [{format: email, domain: bank.example, names: linked}]"
    poll = "poll: {url: 'https://idp.example/poll', token_file: t}"
    path = with_signals(installation, "jwks: idp.json", EVENTS, linked, "links: links", PUSH, poll)
    loaded = load(path)
    one = loaded.policy.signals.transmitters["idp"]
    assert one.jwks == KEYS
    assert loaded.schema_files == (path.parent / "idp.json",)
    found = absolute_signals(loaded.policy.signals, loaded.places).transmitters["idp"]
    assert found.push is not None
    assert found.poll is not None
    root = path.parent
    assert (found.links, found.push.token_file, found.poll.token_file) == (
        str(root / "links"),
        str(root / "t"),
        str(root / "t"),
    )
    (root / "idp.json").write_text(json.dumps(KEYS | {"more": 1}))
    assert load(path).digest != loaded.digest


def test_what_is_absent_stays_absent(installation: Callable[..., Path]) -> None:
    loaded = load(with_signals(installation, KEYS_AT, EVENTS, SUBJECTS, "poll: {url: 'https://idp.example/poll'}"))
    found = absolute_signals(loaded.policy.signals, loaded.places).transmitters["idp"]
    assert (found.links, found.push, found.poll) == ("", None, loaded.policy.signals.transmitters["idp"].poll)


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ((EVENTS, SUBJECTS, PUSH), "its keys stand in one place"),
        ((KEYS_AT, "jwks: idp.json", EVENTS, SUBJECTS, PUSH), "its keys stand in one place"),
        (("jwks: gone.json", EVENTS, SUBJECTS, PUSH), "cannot be used"),
        (("jwks_uri: 'https://127.0.0.1/jwks'", EVENTS, SUBJECTS, PUSH), "it cannot be fetched from"),
        ((KEYS_AT, EVENTS, SUBJECTS), "its events come by no way"),
        ((KEYS_AT, EVENTS, SUBJECTS, "poll: {url: 'https://localhost/p'}"), "it cannot be fetched from"),
        ((KEYS_AT, EVENTS, SUBJECTS, "poll: {url: 'http://idp.example/p'}"), "url"),
        ((KEYS_AT, EVENTS, SUBJECTS, "push: {token_file: gone}"), "there is no file"),
        ((KEYS_AT, EVENTS, "subjects: []", PUSH), "subjects"),
        ((KEYS_AT, "events: {}", SUBJECTS, PUSH), "events"),
        ((KEYS_AT, "events: {session-revokd: []}", SUBJECTS, PUSH), "session-revokd"),
        ((KEYS_AT, "events: {session-revoked: [delete-user]}", SUBJECTS, PUSH), "delete-user"),
        ((KEYS_AT, EVENTS, "subjects: [{format: iss_sub, names: user}]", PUSH), "`iss_sub` needs the `issuer`"),
        ((KEYS_AT, EVENTS, "subjects: [{format: email, issuer: i, names: user}]", PUSH), "`iss_sub` needs"),
        ((KEYS_AT, EVENTS, "subjects: [{format: opaque, domain: a.b, names: user}]", PUSH), "`opaque` has no domain"),
        ((KEYS_AT, EVENTS, "subjects: [{format: email, names: linked}]", PUSH), "there are no links to follow"),
        ((KEYS_AT, EVENTS, SUBJECTS, PUSH, "links: gone"), "there is no file"),
        ((KEYS_AT, EVENTS, SUBJECTS, PUSH, "algorithms: [none]"), "algorithms"),
        ((KEYS_AT, EVENTS, SUBJECTS, PUSH, "algorithms: [HS256]"), "algorithms"),
    ],
)
def test_what_does_not_fit_together(members: tuple[str, ...], said: str, installation: Callable[..., Path]) -> None:
    assert said in told(with_signals(installation, *members))


def test_a_token_that_others_can_read(installation: Callable[..., Path]) -> None:
    path = with_signals(installation, KEYS_AT, EVENTS, SUBJECTS, PUSH)
    (path.parent / "t").chmod(0o644)
    assert "others than its owner can read t" in told(path)


def test_the_example_on_the_page_is_a_policy(installation: Callable[..., Path]) -> None:
    page = (Path(__file__).parents[3] / "docs" / "shared-signals.md").read_text()
    example = page.split("```yaml\n")[1].split("```")[0]
    path = installation(("oauth:\n", f"{example}oauth:\n"))
    (path.parent / "signals").mkdir()
    for name in ("group-idp.token", "group-idp.csv"):
        (path.parent / "signals" / name).write_text("x")
        (path.parent / "signals" / name).chmod(0o600)
    (name,) = load(path).policy.signals.transmitters
    assert name == "group-idp"
