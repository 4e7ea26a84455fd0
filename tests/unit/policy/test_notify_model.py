import msgspec
import pytest

from ringfence.policy.notify_model import MailChannel, Notify, SyslogChannel, Webhook

MAIL = {"host": "mail.bank.example", "sender": "r@bank.example", "to": ["d@bank.example"]}


def test_all_channels_have_names() -> None:
    raw = {
        "webhook": {"phone": {"url": "https://h/", "secret_file": "s"}},
        "mail": {"duty": MAIL},
        "syslog": {"soc": {"host": "h"}},
    }
    assert msgspec.convert(raw, Notify).names == ("phone", "duty", "soc")
    assert Notify().names == ()


@pytest.mark.parametrize(
    "address",
    ["a@b\r\nBcc: c@d", "a@b, c@d", "Duty <a@b>", "a b@c", "@b", "a@", "a@b@c", "a@-", "ü@b", "a@b ", "a;b@c"],
)
def test_an_address_is_one_address(address: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(MAIL | {"sender": address}, MailChannel)
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(MAIL | {"to": [address]}, MailChannel)


@pytest.mark.parametrize(
    ("more", "kind"),
    [
        ({"tls": "off"}, MailChannel),
        ({"to": []}, MailChannel),
        ({"user": "a\nb"}, MailChannel),
        ({"host": "a b"}, MailChannel),
        ({"most_per_hour": 0}, MailChannel),
        ({"keep": 0}, MailChannel),
        ({"levels": ["shadow"]}, MailChannel),
        ({"tls": "off"}, SyslogChannel),
        ({"inside": ["localhost"]}, Webhook),
        ({"url": "http://hooks.example/"}, Webhook),
    ],
)
def test_what_no_channel_may_be(more: dict, kind: type) -> None:
    usual = {MailChannel: MAIL, SyslogChannel: {"host": "h"}, Webhook: {"url": "https://h/", "secret_file": "s"}}[kind]
    msgspec.convert(usual, kind)
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(usual | more, kind)
