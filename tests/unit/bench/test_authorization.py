import pytest

from bench.authorization import ROWS, Figures, _middle


def run(server_us: float) -> Figures:
    return Figures("PAR", "SQLite", 100.0, server_us * 2, server_us, 100.0, 1.0, 2.0)


def test_the_ratio_is_that_of_the_server_to_bare_cryptography():
    assert run(350.0).ratio == 3.5


def test_the_middle_of_the_rounds_counts():
    assert _middle([run(300.0), run(900.0), run(310.0)]).server_us == 310.0


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_each_request_needs_an_assertion_at_least(row):
    assert row.verifications >= 1
