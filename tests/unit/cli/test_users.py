"""`ringfence users`; the password comes from a prompt or from standard input."""

import json


def test_users(managed, ok) -> None:
    added = ok(managed("users", "add", "ann", "--name", "Ann", "--password-stdin", stdin="correct horse\n"))
    assert added.startswith("user_id: user_")
    ok(managed("users", "add", "bob", stdin="correct horse\ncorrect horse\n"))
    assert managed("users", "add", "cleo", "--password-stdin", stdin="short\n").exit_code == 1
    listed = json.loads(ok(managed("users", "list", "--json")))
    assert [u["username"] for u in listed] == ["ann", "bob"]
    assert "disabled" in ok(managed("users", "disable", "ann"))
    assert json.loads(ok(managed("users", "disable", "ann", "--json")))["status"] == "disabled"
    assert "disabled" in ok(managed("users", "show", "ann"))
    assert "active" in ok(managed("users", "enable", "ann"))
    assert "removed" in ok(managed("users", "remove", "ann", "--yes"))
    assert "ann" not in ok(managed("users", "list"))


def test_a_password_is_never_an_argument(commanded) -> None:
    assert commanded("users", "add", "ann", "--password", "secret").exit_code == 2


def test_an_authenticator_is_removed(managed, ok) -> None:
    ok(managed("users", "add", "bea", "--password-stdin", stdin="correct horse\n"))
    assert "has no authenticator" in ok(managed("users", "remove-authenticator", "bea"))
    assert managed("users", "remove-authenticator", "nobody").exit_code != 0
