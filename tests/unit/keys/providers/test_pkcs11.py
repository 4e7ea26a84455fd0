import pkcs11
import pytest

from ringfence.ids import system_random
from ringfence.keys.backend import BackendFailed, BackendGone
from ringfence.keys.providers.pkcs11 import Pkcs11Keys
from ringfence.secret import Secret


def test_a_library_that_is_none_is_a_device_that_is_gone(tmp_path):
    keys = Pkcs11Keys(tmp_path / "none.so", "t", Secret("1"), system_random)
    with pytest.raises(BackendGone):
        keys.sign(b"ES256|key_1", b"x")
    keys.close()


class Flaky(Pkcs11Keys):
    def __init__(self, *faults):
        super().__init__("", "t", Secret("1"), system_random)
        self.faults = list(faults)

    def _object(self, handle, kind):
        if self.faults:
            raise self.faults.pop(0)
        return type("Key", (), {"sign": lambda *_, **__: b"made"})()


def test_a_lost_session_is_opened_again_once():
    assert Flaky(pkcs11.SessionHandleInvalid()).sign(b"ES256|k", b"x") == b"made"
    with pytest.raises(BackendGone):
        Flaky(pkcs11.DeviceRemoved(), pkcs11.DeviceRemoved()).sign(b"ES256|k", b"x")
    with pytest.raises(BackendFailed):
        Flaky(pkcs11.MechanismInvalid()).sign(b"ES256|k", b"x")
