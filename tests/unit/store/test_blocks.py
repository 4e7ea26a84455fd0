from ringfence.store.blocks import client_block, grant_block, token_block, user_block


def test_one_name_of_four_kinds_is_four_keys() -> None:
    assert len({kind("a") for kind in (client_block, grant_block, token_block, user_block)}) == 4


def test_no_two_names_share_a_key() -> None:
    assert grant_block("a") != grant_block("b")
    assert grant_block("\udc80") != grant_block("?")
