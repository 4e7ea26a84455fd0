import json

from ringfence.attacks import unknown_field


def test_the_payment_is_right_but_for_one_member_more(recorded):
    target, seen = recorded(unknown_field.ATTACK)
    sent = json.loads(seen[0].content)
    assert sent["Data"]["Initiation"].pop("Approved") is True
    assert sent == target.payment
