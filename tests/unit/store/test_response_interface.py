from ringfence.store.response_interface import ABOUT, ENDING


def test_what_ends_by_itself_is_a_kind_and_nobody_but_a_client_is_suspended() -> None:
    assert set(ABOUT) > ENDING
    assert ABOUT["suspend"] == ("client",)
