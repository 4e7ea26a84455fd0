import itertools

import pytest

from bench import corpora
from bench.screening import PAYMENT, own


def test_the_clean_payment_is_clean() -> None:
    assert not own()(corpora.strings(PAYMENT))


def test_outside_attacks_are_seen_and_outside_prose_is_not() -> None:
    """A twentieth of the outside texts; the bench reads all of them."""
    if not corpora.SHARED.is_dir():
        pytest.skip("the outside texts in ../shared are absent")
    refuses = own()
    seen: dict[bool, list[bool]] = {True: [], False: []}
    for text, attack in itertools.islice(corpora.parameters(), 0, None, 20):
        seen[attack != "norm"].append(refuses([text]))
    assert sum(seen[True]) / len(seen[True]) > 0.97
    assert sum(seen[False]) == 0
    sentences = corpora.sentences()[::20]
    assert sum(refuses([sentence]) for sentence in sentences) / len(sentences) < 0.005
