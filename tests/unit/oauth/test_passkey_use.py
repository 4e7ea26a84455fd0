"""What is asked for; `tests/conformance/test_passkeys.py` answers it."""

import msgspec
import pytest

from ringfence.oauth.exchange import Server
from ringfence.oauth.passkey_use import require_party
from ringfence.problem import Reason, Refused


def test_who_we_are_is_the_issuers_host(bank):
    party = require_party(bank.server)
    assert (party.rp_id, party.origin) == ("bank.example", "https://bank.example")


def test_an_address_has_no_passkeys(bank):
    profile = msgspec.structs.replace(bank.server.profile, passkeys=None)
    with pytest.raises(Refused) as why:
        require_party(Server(profile, bank.ports))
    assert why.value.reason is Reason.NOT_FOUND
