import itertools

from ringfence.store.blocks import client_block, grant_block, network_block, user_block
from ringfence.store.measures import step_up_mark, throttle_mark


def test_no_measure_is_taken_for_another_or_for_a_block() -> None:
    kinds = ("user", "client", "grant", "network")
    names = [make(of, "x") for make, of in itertools.product((step_up_mark, throttle_mark), kinds)]
    names += [block("x") for block in (client_block, grant_block, network_block, user_block)]
    assert len(set(names)) == len(names)
    assert not any(a.startswith(b"step-up:") for a in (client_block("x"), user_block("x")))
