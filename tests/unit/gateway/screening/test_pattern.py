from ringfence.gateway.screening.pattern import HINT, SURE, AttackClass, Pattern, marks


def test_a_table_becomes_patterns_that_are_named_for_their_class() -> None:
    assert marks(AttackClass.SQL, SURE, {"union": "a", "sleep": "b"}) == (
        Pattern("sql-union", AttackClass.SQL, SURE, "a"),
        Pattern("sql-sleep", AttackClass.SQL, SURE, "b"),
    )
    assert HINT < SURE <= 2 * HINT, "two hints are as good as a sure mark, one is not"
