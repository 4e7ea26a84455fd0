import base64

import pytest

from ringfence.ids import system_random
from ringfence.keys.sealing import Sealer, Unsealable


def test_what_is_sealed_opens_for_its_owner_under_its_key_unchanged() -> None:
    sealer = Sealer(b"k" * 32, system_random)
    sealed = sealer.seal(b"secret", "user_1")
    assert sealer.unseal(sealed, "user_1") == b"secret"
    assert sealed != sealer.seal(b"secret", "user_1")
    raw = base64.b64decode(sealed)
    changed = base64.b64encode(raw[:-1] + bytes([raw[-1] ^ 1])).decode()
    for which, text, owner in (
        (sealer, sealed, "user_2"),
        (Sealer(b"x" * 32, system_random), sealed, "user_1"),
        (sealer, changed, "user_1"),
        (sealer, sealed[:8], "user_1"),
        (sealer, "", "user_1"),
        (sealer, "no base64!", "user_1"),
    ):
        with pytest.raises(Unsealable):
            which.unseal(text, owner)


def test_a_mark_is_of_its_text_and_key() -> None:
    sealer = Sealer(b"k" * 32, system_random)
    assert len(sealer.mark(b"a")) == 32
    assert sealer.mark(b"a") == sealer.mark(b"a")
    assert len({sealer.mark(b"a"), sealer.mark(b"b"), Sealer(b"x" * 32, system_random).mark(b"a")}) == 3
