"""What customers compare cannot be made to look like something else.  OpenID CIBA Core §7.1, §13."""

import importlib.util
from pathlib import Path

import pytest

from ringfence.problem import Reason

_spec = importlib.util.spec_from_file_location("without_redirect", Path(__file__).parent / "without_redirect.py")
back = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(back)


@pytest.mark.parametrize(
    "message",
    [
        "Till\u202e4",
        "Till\u200b4",
        "Till\x074",
        "Till\n4",
        "P\u0430y 5",  # a Cyrillic a
        "\uff30ay 5",  # a full-width P
        "Pay \u0131 5",  # a dotless i
        "<b>Pay</b>",
        "Pay 5\u00a0EUR",
        "\u2066Pay",
        "pay at http://evil.example",
        "see www.evil.example",
        "x" * 101,
        "Till  4",
        "\U0001f4b6",
        "Till 4 \\ 5",
    ],
)
async def test_messages_that_could_mislead_are_refused(bank, message):
    bank = await back.ciba_bank(bank)
    answer = await back.ask(bank.partner, binding_message=message)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_binding_message")
    assert Reason.BINDING_MESSAGE_INVALID.value == bank.events.of("TokenDecided")[-1].reason


@pytest.mark.parametrize("message", ["W4SCT", "Überweisung Nr. 12/3: 1,00 €", "Måns & Łukasz (Žižkov)", "x" * 100])
async def test_messages_in_latin_letters_are_shown(bank, message):
    bank = await back.ciba_bank(bank)
    await back.asked(bank.partner, binding_message=message)
    page = await back.waiting(await back.logged_in(bank))
    assert message.replace("&", "&amp;") in page.text
