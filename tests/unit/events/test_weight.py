import typing

import pytest

from ringfence.clock import Instant
from ringfence.events import Event
from ringfence.events.actions import AdminActed
from ringfence.events.weight import LIGHT, is_weighty


def test_an_administrators_act_is_weighty_and_a_call_is_not_by_itself():
    assert is_weighty(AdminActed(Instant(1.0), "c", "uid:0", "grant.revoked", "grant_1"))


@pytest.mark.parametrize("kind", LIGHT)
def test_what_is_light_is_a_kind_of_event(kind):
    assert kind in typing.get_args(Event)


def test_consents_grants_authenticators_and_keys_are_weighty():
    names = {kind.__name__ for kind in typing.get_args(Event) if kind not in LIGHT}
    assert {
        "ConsentDecided",
        "ConsentMoved",
        "GrantRevoked",
        "AdminActed",
        "AuthenticatorEnrolled",
        "ReceiptKeyMade",
    } <= names
