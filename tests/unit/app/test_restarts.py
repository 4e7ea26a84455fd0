from ringfence.app.restarts import FIRST_DELAY, HEALTHY_AFTER, LONGEST_DELAY, Restarts, after_exit


def test_delays_double_up_to_a_limit_and_forget() -> None:
    state, delays = Restarts(), []
    for _ in range(10):
        state, delay = after_exit(state, ran_for=0.01)
        delays.append(delay)
    assert delays[0] == FIRST_DELAY
    assert delays[1] == 2 * FIRST_DELAY
    assert delays[-1] == LONGEST_DELAY
    assert delays == sorted(delays)
    assert after_exit(state, ran_for=HEALTHY_AFTER)[1] == FIRST_DELAY


def test_a_role_that_fails_for_weeks_does_not_overflow() -> None:
    state = Restarts(10_000)
    assert after_exit(state, 0.0)[1] == LONGEST_DELAY
