import pytest
from calls import token

from ringfence.gateway.token_memory import TokenMemory
from ringfence.problem import Reason, Refused
from ringfence.proofs.access_token import AccessToken


class Counting:
    def __init__(self) -> None:
        self.calls: list[str] = []

    def __call__(self, raw: str) -> AccessToken:
        self.calls.append(raw)
        if raw == "bad":
            raise Refused(Reason.TOKEN_SIGNATURE)
        return token(jti=raw)


def test_a_token_is_verified_once_while_it_is_remembered() -> None:
    memory, verify = TokenMemory(2), Counting()
    assert [memory.verified(raw, verify).jti for raw in ("a", "a", "b", "a", "c", "a")] == [
        "a",
        "a",
        "b",
        "a",
        "c",
        "a",
    ]
    assert verify.calls == ["a", "b", "c", "a"]
    memory.forget()
    memory.verified("a", verify)
    assert verify.calls[-1] == "a"


def test_what_does_not_verify_is_not_remembered() -> None:
    memory, verify = TokenMemory(2), Counting()
    for _ in range(2):
        with pytest.raises(Refused):
            memory.verified("bad", verify)
    assert verify.calls == ["bad", "bad"]


def test_a_memory_of_nothing_remembers_nothing() -> None:
    memory, verify = TokenMemory(0), Counting()
    memory.verified("a", verify)
    memory.verified("a", verify)
    assert verify.calls == ["a", "a"]
