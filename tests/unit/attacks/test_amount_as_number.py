import json

from ringfence.attacks import amount_as_number


def test_the_amount_is_a_number_and_the_rest_right(recorded):
    target, seen = recorded(amount_as_number.ATTACK)
    assert b'"Amount": 0.1' in seen[0].content
    sent = json.loads(seen[0].content)
    sent["Data"]["Initiation"]["InstructedAmount"]["Amount"] = "12.50"
    assert sent == target.payment
