from ringfence.store.blocks import client_block, grant_block, key_block, session_block, token_block, user_block


def test_one_name_of_six_kinds_is_six_keys() -> None:
    kinds = (client_block, grant_block, token_block, user_block, session_block, key_block)
    assert len({kind("a") for kind in kinds}) == 6


def test_no_two_names_share_a_key() -> None:
    assert grant_block("a") != grant_block("b")
    assert grant_block("\udc80") != grant_block("?")
