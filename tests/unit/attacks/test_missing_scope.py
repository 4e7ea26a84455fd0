import json

from ringfence.attacks import missing_scope


def test_the_payment_is_right_and_the_token_the_readers(recorded):
    target, seen = recorded(missing_scope.ATTACK)
    assert seen[0].headers["authorization"] == f"DPoP {target.reader.access_token}"
    assert json.loads(seen[0].content) == target.payment
