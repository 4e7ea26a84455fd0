import json

from ringfence.attacks import duplicate_key


def test_the_amount_stands_twice(recorded):
    _, seen = recorded(duplicate_key.ATTACK)
    for request in seen:
        pairs = json.loads(request.content, object_pairs_hook=list)
        amounts = [v for k, v in dict(dict(dict(pairs)["Data"])["Initiation"])["InstructedAmount"] if k == "Amount"]
        assert amounts == ["9999.99", "12.50"]
    assert len({request.content for request in seen}) == 2
