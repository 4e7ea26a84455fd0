import re

from ringfence.clock import Instant
from ringfence.proofs.nonces import STEP_SECONDS, KeyedNonces

NOW = Instant(1_800_000_000.0)


def after(seconds: float) -> Instant:
    return Instant(NOW + seconds)


def test_a_nonce_is_good_for_its_step_and_the_next_and_no_longer() -> None:
    nonces = KeyedNonces(b"k" * 32)
    given = nonces.good(NOW)[0]
    assert given in nonces.good(after(STEP_SECONDS))
    assert given not in nonces.good(after(2 * STEP_SECONDS))
    assert nonces.good(after(STEP_SECONDS))[0] != given


def test_a_process_whose_clock_is_a_little_behind_takes_what_another_gives_out() -> None:
    ahead, behind = KeyedNonces(b"k" * 32), KeyedNonces(b"k" * 32)
    assert ahead.good(NOW)[0] in behind.good(after(-1))


def test_all_who_have_the_key_agree_and_nobody_else() -> None:
    assert KeyedNonces(b"k" * 32).good(NOW) == KeyedNonces(b"k" * 32).good(NOW)
    assert not set(KeyedNonces(b"k" * 32).good(NOW)) & set(KeyedNonces(b"j" * 32).good(NOW))


def test_a_nonce_fits_where_it_is_sent() -> None:
    # RFC 9449 §8.1: nonce = 1*NQCHAR
    assert all(re.fullmatch(r"[\x21\x23-\x5B\x5D-\x7E]+", nonce) for nonce in KeyedNonces(b"k" * 32).good(NOW))
