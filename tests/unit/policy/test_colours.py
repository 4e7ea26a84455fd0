import pytest

from ringfence.policy.colours import DARK_CARD, WHITE, contrast, on_dark


def test_contrast_as_wcag_has_it():
    assert contrast("#000000", WHITE) == contrast(WHITE, "#000000") == 21
    assert contrast("#777777", WHITE) == pytest.approx(4.48, abs=0.01)
    assert contrast("#0b57b8", WHITE) > 4.5


@pytest.mark.parametrize("accent", ["#000000", "#0b57b8", "#7a0019", "#00563f", "#4b0082"])
def test_every_accent_has_a_legible_one_on_dark(accent):
    assert contrast(on_dark(accent), DARK_CARD) >= 6
