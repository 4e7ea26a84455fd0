from tools.reasons import faults, provoked


def test_a_reason_counts_by_name_or_by_problem_type(tree):
    # Put together here, so that this file provokes nothing by itself.
    name, value = "Reason." + "TOKEN_EXPIRED", "proof-" + "stale"
    tree.write("tests/unit/test_a.py", f"assert r is {name}\nassert t == 'urn:ringfence:problem:{value}'\n")
    assert provoked(tree.root / "tests") == {"TOKEN_EXPIRED", "PROOF_STALE"}


def test_an_unprovoked_reason_is_named(tree):
    found = faults(tree.root / "tests", tree.write("debt.txt", ""))
    assert "Reason.INTERNAL: no test provokes it" in found


def test_the_list_wants_reasons_and_only_shrinks(tree):
    tree.write("tests/unit/test_a.py", "Reason." + "TOKEN_EXPIRED")
    debt = tree.write("debt.txt", "INTERNAL\nTOKEN_EXPIRED  # why\nNO_SUCH  # why\n")
    found = [fault for fault in faults(tree.root / "tests", debt) if "no test provokes it" not in fault]
    assert found == [
        "debt.txt: INTERNAL gives no reason",
        "debt.txt: TOKEN_EXPIRED is provoked now; take it off the list",
        "debt.txt: there is no Reason.NO_SUCH",
    ]
