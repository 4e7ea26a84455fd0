import re
import uuid

import pytest

from ringfence.ids import system_random
from ringfence.protect.tokens import SHORTEST, new_token


def test_a_uuid_is_one() -> None:
    token = new_token("uuid", "4111111111111111", system_random)
    assert uuid.UUID(token).version == 4


@pytest.mark.parametrize(("value", "end"), [("4111111111111234", "1234"), ("4111111", ""), ("", "")])
def test_the_last_four_stay_of_what_is_long_and_a_letter_begins(value: str, end: str) -> None:
    tokens = {new_token("last4", value, system_random) for _ in range(200)}
    assert len(tokens) == 200
    for token in tokens:
        assert len(token) == SHORTEST
        assert re.fullmatch(r"[A-R][A-Z2-9]+" + end, token), token
