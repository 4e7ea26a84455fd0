import msgspec
import pytest
from logs import NOW, call

from ringfence.audit.receipt import MEMBERS, ReceiptInvalid, ReceiptKey, check, key_name, read, write
from ringfence.clock import Instant

KEY = ReceiptKey("day-20416", bytes(range(32)))
EVENT = msgspec.to_builtins(call(5))


def test_a_receipt_reads_back_and_holds():
    value = write(EVENT, KEY)
    assert value.isascii()
    assert len(value) < 300
    receipt = read(value)
    assert (receipt.correlation, receipt.at, receipt.key) == (EVENT["correlation"], EVENT["at"], "day-20416")
    check(receipt, EVENT, KEY)


@pytest.mark.parametrize("name", MEMBERS)
def test_it_binds_us_to_every_member(name):
    receipt = read(write(EVENT, KEY))
    other = {True: False, 200: 201}.get(EVENT[name], 1.5 if name == "at" else "other")
    with pytest.raises(ReceiptInvalid, match="something else"):
        check(receipt, {**EVENT, name: other}, KEY)


def test_it_names_no_person():
    assert not {"user", "network"} & set(MEMBERS)
    assert write(EVENT, KEY) == write({**EVENT, "user": "user_other", "network": "other"}, KEY)


def test_one_that_was_made_with_another_key_is_not_ours():
    for key in (ReceiptKey("day-20416", bytes(32)), ReceiptKey("day-20417", KEY.secret)):
        with pytest.raises(ReceiptInvalid, match="not made with our key"):
            check(read(write(EVENT, KEY)), EVENT, key)


def test_an_entry_that_is_not_about_a_call_does_not_fit():
    with pytest.raises(ReceiptInvalid, match="not about a call"):
        check(read(write(EVENT, KEY)), {"event": "role.exited.v1"}, KEY)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("v=1", "v=2"),
        ('id="', 'id="A'),
        ("decision=:", "decision=:A"),
        ("at=", "at=x"),
        ("at=1", "at=1e+e"),
        ("mac", "mag"),
        ("v=1", ""),
    ],
)
def test_what_is_no_receipt_is_refused(old, new):
    with pytest.raises(ReceiptInvalid):
        read(write(EVENT, KEY).replace(old, new, 1))


def test_a_day_has_a_key_of_its_own():
    assert key_name(NOW) == "day-20416"
    assert key_name(Instant(NOW + 86_400)) == "day-20417"
    assert len(KEY.commitment) == 64
