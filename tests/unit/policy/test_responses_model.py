from ringfence.policy.responses_model import Responses


def test_what_is_looked_at_and_what_is_guarded() -> None:
    assert Responses().looks
    assert Responses().guards
    nothing = Responses(undeclared_status="pass", undeclared_member="pass", wrong_type="pass")
    assert not nothing.looks
    assert not nothing.guards
    reporting = Responses(undeclared_status="strip", undeclared_member="report", wrong_type="report")
    assert reporting.looks
    assert not reporting.guards
