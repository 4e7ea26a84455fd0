import copy
import logging
import pickle

import pytest

from ringfence.secret import Secret

VALUE = "correct horse"


def test_it_never_shows_itself(caplog):
    secret = Secret(VALUE)
    logging.getLogger("t").warning("%s %r", secret, [secret])
    shown = f"{secret} {secret!r} {secret!s} {secret:>30} {[secret]} {caplog.text}"
    assert VALUE not in shown
    assert "<secret>" in shown


def test_it_matches_only_itself():
    secret = Secret(VALUE)
    assert secret.matches(VALUE)
    assert not secret.matches(VALUE + " ")
    assert not secret.matches("")
    assert not secret.matches("\ud800")
    assert secret.reveal() == VALUE


def test_it_does_not_travel():
    with pytest.raises(TypeError):
        pickle.dumps(Secret(VALUE))
    with pytest.raises(TypeError):
        copy.deepcopy(Secret(VALUE))
