"""`ringfence token-keys`: list, revoke."""

import json


def test_token_keys(managed, ok) -> None:
    assert "kid-1" in ok(managed("token-keys", "list"))
    assert managed("token-keys", "revoke", "kid-9", "--yes").exit_code == 1
    said = ok(managed("token-keys", "revoke", "kid-1", "--why", "a copy was found", "--yes"))
    assert "kid-1 is revoked" in said
    assert "still signs" in said
    (listed,) = json.loads(ok(managed("token-keys", "list", "--json")))
    assert (listed["kid"], listed["why"], listed["published"]) == ("kid-1", "a copy was found", True)
    assert json.loads(ok(managed("token-keys", "revoke", "kid-1", "--yes", "--json")))["revoked"] is True
