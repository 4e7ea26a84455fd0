from ringfence.simulation.devices import UPDATED_EVERY, agent_of, caller_of, has_a_new_phone, object_of
from ringfence.simulation.population import OWN_APP


def test_a_customer_has_two_devices_that_are_updated_now_and_then():
    of_a_week = {agent_of("user-1", hour * 3600.0) for hour in range(168)}
    assert 2 <= len(of_a_week) <= 4
    assert {agent.kind for agent in of_a_week} == {"browser"}
    assert agent_of("user-1", 0.0) != agent_of("user-2", 0.0)
    later = {agent_of("user-1", UPDATED_EVERY * 2 + hour * 3600.0) for hour in range(168)}
    assert not of_a_week & later


def test_partners_and_attackers_have_one():
    assert len({agent_of("partner-001", n * 86_400.0) for n in range(100)}) == 1
    assert len({agent_of("user-1", n * 86_400.0, "stuffing 1") for n in range(100)}) == 1
    assert caller_of(OWN_APP, "user-1") == caller_of("", "user-1") == "user-1"
    assert caller_of("partner-001", "user-1") == "partner-001"


def test_an_object_is_the_customers_own_or_another_at_each_try():
    assert object_of("/accounts", "user-1", "") == ""
    own = object_of("/accounts/{AccountId}", "user-1", "")
    assert own == object_of("/accounts/{AccountId}", "user-1", "")
    assert len({own, *(object_of("/accounts/{AccountId}", "user-1", f"c{n}") for n in range(20))}) == 21


def test_new_phones_are_rare():
    assert 5 <= sum(has_a_new_phone("user-1", float(n)) for n in range(10_000)) <= 20
