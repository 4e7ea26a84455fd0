from bench.bare import Bare, bare


def test_what_a_request_needs_is_the_sum_of_its_operations():
    assert Bare(verify_us=60.0, sign_us=20.0).of(2, 1) == 140.0


def test_this_machine_verifies_slower_than_it_signs():
    found = bare()
    assert 0 < found.sign_us < found.verify_us < 10_000
