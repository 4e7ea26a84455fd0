from ringfence.protect.binding import Scope, bound

SCOPE = Scope("client:a", "bank/pay", "/card/pan", 1, "encrypt")


def test_every_part_counts_and_none_runs_into_another() -> None:
    others = [
        Scope("client:b", "bank/pay", "/card/pan", 1, "encrypt"),
        Scope("client:a", "bank/read", "/card/pan", 1, "encrypt"),
        Scope("client:a", "bank/pay", "/card", 1, "encrypt"),
        Scope("client:a", "bank/pay", "/card/pan", 2, "encrypt"),
        Scope("client:a", "bank/pay", "/card/pan", 1, "deterministic"),
        Scope("client:abank", "/pay", "/card/pan", 1, "encrypt"),
    ]
    bindings = [bound(SCOPE), bound(SCOPE, "token"), *(bound(other) for other in others)]
    assert len(set(bindings)) == len(bindings)
    assert len({(scope.tenant, scope.name) for scope in (SCOPE, *others)}) == 7


def test_the_person_is_told_to_the_signer_only_where_it_is_one() -> None:
    assert SCOPE.subject == ""
    assert Scope("user:user_1", "r", "f", 1, "token").subject == "user_1"
