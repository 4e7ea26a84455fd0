"""A block outlives every token that was issued before it."""

import msgspec
from msgspec import inspect

from ringfence.admin.blocking import LONGEST_TOKEN_SECONDS, block_until
from ringfence.clock import Instant
from ringfence.policy.model import Gateway, Lifetimes


def test_it_covers_the_longest_token_a_policy_may_have() -> None:
    (field,) = [f for f in msgspec.structs.fields(Lifetimes) if f.name == "access_token_seconds"]
    kind = inspect.type_info(field.type)
    assert isinstance(kind, inspect.IntType | inspect.Metadata)
    longest = kind.le if isinstance(kind, inspect.IntType) else kind.type.le
    assert longest == LONGEST_TOKEN_SECONDS
    assert block_until(Instant(100.0)) > 100.0 + LONGEST_TOKEN_SECONDS + 2 * Gateway().clock_skew_seconds
