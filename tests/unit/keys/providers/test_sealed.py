import pytest

from ringfence.ids import system_random
from ringfence.keys.backend import BackendFailed
from ringfence.keys.providers.sealed import SealedKeys
from ringfence.keys.purposes import Kind


@pytest.mark.parametrize("kind", list(Kind))
def test_a_key_is_opened_by_its_root_key_only_and_not_under_another_name(kind: Kind) -> None:
    made = SealedKeys(b"r" * 32, system_random)
    handle = made.generate(kind, "key_1")
    again = SealedKeys(b"r" * 32, system_random)
    assert again.public(handle) == made.public(handle)
    for bad in (
        handle.replace(b"key_1", b"key_2"),
        handle[:-1] + bytes([handle[-1] ^ 1]),
        handle[:20],
        b"",
    ):
        with pytest.raises(BackendFailed):
            SealedKeys(b"r" * 32, system_random).public(bad)
    with pytest.raises(BackendFailed):
        SealedKeys(b"x" * 32, system_random).public(handle)


def test_a_key_of_one_kind_does_not_do_the_work_of_another() -> None:
    keys = SealedKeys(b"r" * 32, system_random)
    signing, wrapping, mac = (keys.generate(kind, "k") for kind in (Kind.ES256, Kind.AES256, Kind.HMAC256))
    for act in (
        lambda: keys.sign(wrapping, b"x"),
        lambda: keys.mac(wrapping, b"x"),
        lambda: keys.wrap(mac, b"x", b""),
        lambda: keys.wrap(signing, b"x", b""),
        lambda: keys.unwrap(mac, b"x" * 40, b""),
    ):
        with pytest.raises(BackendFailed):
            act()
