import msgspec
import pytest

from ringfence.policy.audit_model import Audit, origin_of


def test_a_log_is_called_after_its_issuer_unless_it_has_a_name():
    assert origin_of(Audit(), "https://bank.example/oauth") == "bank.example/oauth/audit"
    assert origin_of(Audit(origin="bank.example/2026"), "https://bank.example") == "bank.example/2026"


def test_receipts_and_the_second_key_are_off():
    assert (Audit().receipts, Audit().post_quantum) == ("off", False)


@pytest.mark.parametrize(
    "value",
    [
        {"origin": "two words"}, {"origin": "a+b"}, {"checkpoint_seconds": 0}, {"checkpoint_entries": 0}, {"receipt": "on"},
        {"witnesses": [{"key": "w", "url": "http://w"}]}, {"witnesses": [{"key": "w+00000000+AAAA", "url": "ftp://w"}]},
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_a_mistake(value):
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(value, Audit)
