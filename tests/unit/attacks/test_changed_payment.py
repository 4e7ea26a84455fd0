import json

from ringfence.attacks import changed_payment


def test_one_member_differs_each_time_and_none_the_last(recorded):
    target, seen = recorded(changed_payment.ATTACK)
    amount, payee, same = (json.loads(request.content)["Data"]["Initiation"] for request in seen)
    approved = target.payment["Data"]["Initiation"]
    assert amount == approved | {"InstructedAmount": {"Amount": "1250.00", "Currency": "GBP"}}
    assert payee == approved | {"CreditorAccount": {"Identification": changed_payment.OTHER_ACCOUNT}}
    assert same == approved
    assert all(target.payer.access_token in request.headers["authorization"] for request in seen)
