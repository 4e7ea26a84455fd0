from typing import Any

from ringfence.clients.key_overlap import MOST_RETIRED, keys_in_force, with_new_keys
from ringfence.clock import Instant
from ringfence.store.model import Client

NOW = Instant(1000.0)


def client(*kids: str, **more: Any) -> Client:
    keys = {"keys": [{"kid": kid, "x": kid} for kid in kids]} if kids else {}
    return Client(client_id="c", name="C", jwks=keys, created_at=NOW, **more)


def kids(changed: Client, now: float) -> list[str]:
    return [key["kid"] for key in keys_in_force(changed, Instant(now)).get("keys", [])]


def test_former_keys_count_until_the_overlap_is_over() -> None:
    changed = with_new_keys(client("a", "b"), client("b", "c"), 60, NOW)
    assert kids(changed, NOW) == ["b", "c", "a"]
    assert kids(changed, NOW + 59.9) == ["b", "c", "a"]
    assert kids(changed, NOW + 60) == ["b", "c"]


def test_no_overlap_ends_all_former_keys_at_once() -> None:
    once = with_new_keys(client("a"), client("b"), 60, NOW)
    twice = with_new_keys(once, client("c"), 0, NOW)
    assert kids(twice, NOW) == ["c"]


def test_two_replacements_within_the_overlap() -> None:
    once = with_new_keys(client("a"), client("b"), 60, NOW)
    twice = with_new_keys(once, client("c"), 60, Instant(NOW + 30))
    assert kids(twice, NOW + 30) == ["c", "a", "b"]
    assert kids(twice, NOW + 61) == ["c", "b"]
    back = with_new_keys(twice, client("a"), 60, Instant(NOW + 40))
    assert kids(back, NOW + 500) == ["a"]


def test_of_one_kid_only_the_new_key() -> None:
    before = client("a")
    after = Client(client_id="c", name="C", jwks={"keys": [{"kid": "a", "x": "new"}]}, created_at=NOW)
    changed = with_new_keys(before, after, 60, NOW)
    assert keys_in_force(changed, NOW) == after.jwks


def test_they_are_bounded() -> None:
    found = client("k0")
    for n in range(1, MOST_RETIRED + 10):
        found = with_new_keys(found, client(f"k{n}"), 60, NOW)
    assert len(found.retired_keys) == MOST_RETIRED


def test_without_keys_there_is_no_set() -> None:
    assert keys_in_force(client(), NOW) == {}


def test_a_key_for_encryption_that_was_replaced_is_gone_at_once_and_never_verifies() -> None:
    before = client("a")
    before.jwks["keys"].append({"kid": "e", "x": "e", "use": "enc"})
    assert kids(before, NOW) == ["a"]
    changed = with_new_keys(before, client("b"), 60, NOW)
    assert [entry["jwk"]["kid"] for entry in changed.retired_keys] == ["a"]
