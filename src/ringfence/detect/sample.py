"""Many different values counted without keeping them all: a sample whose rate falls as values come.

Wegman's adaptive sampling (P. Flajolet, "On adaptive sampling", Computing 43, 1990): of the values a share is kept
whose hash is small, and each stands for as many as the share says. With a thousand kept the count is some 4 % off at
one standard deviation. Unlike a HyperLogLog a sample can forget what has left a window, and costs one hash a value.
A value remembers at which rate it was taken, so that the rate may rise again while older values are still there.
"""

from hashlib import blake2b
from typing import Any, Final

MOST_KEPT: Final = 1024
"""Values kept before the rate is halved."""
FEW: Final = MOST_KEPT // 4
"""Up to which the rate is doubled again, once the window slides."""
MOST_HALVINGS: Final = 32

SALT, DEPTH, COUNT, KEPT = range(4)

Sample = list[Any]
"""`[salt, halvings of the rate, count, {value: (bucket in which it was seen last, halvings when it was taken)}]`."""


def new_sample(values: dict[str, int], salt: str) -> Sample:
    """Return a sample of what was kept exactly until now.

    Args:
        values: each with the bucket in which it was seen last.
        salt: what nobody knows who chooses values: whoever knew which ones are kept could choose the others.
    """
    kept = {value: (bucket, 0) for value, bucket in values.items()}
    sample: Sample = [salt, 0, float(len(kept)), kept]
    _thin(sample)
    return sample


def see(sample: Sample, bucket: int, value: str) -> None:
    """Note a value."""
    depth, kept = sample[DEPTH], sample[KEPT]
    known = kept.get(value)
    if known is None:
        if _rank(value, sample[SALT]) >> (MOST_HALVINGS - depth):
            return
        sample[COUNT] += 1 << depth
        kept[value] = (bucket, depth)
        if len(kept) > MOST_KEPT:
            _thin(sample)
    elif known != (bucket, depth):
        sample[COUNT] += (1 << depth) - (1 << known[1])
        kept[value] = (max(bucket, known[0]), depth)


def forget(sample: Sample, oldest: int) -> None:
    """Let go of values that were last seen in bucket `oldest` or before."""
    kept = {value: seen for value, seen in sample[KEPT].items() if seen[0] > oldest}
    sample[KEPT], sample[COUNT] = kept, float(sum(1 << depth for _, depth in kept.values()))
    fitting = (FEW // max(1, len(kept))).bit_length() - 1
    if fitting > 0:
        sample[DEPTH] = max(0, sample[DEPTH] - fitting)


def copied(sample: Sample) -> Sample:
    """Return a copy that shares nothing that changes."""
    return [*sample[:KEPT], dict(sample[KEPT])]


def _rank(value: str, salt: str) -> int:
    said = value.encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(said, digest_size=4, key=salt.encode("utf-8", "surrogatepass")[:64]).digest(), "big")


def _thin(sample: Sample) -> None:
    while len(sample[KEPT]) > MOST_KEPT // 2 and sample[DEPTH] < MOST_HALVINGS:
        sample[DEPTH] += 1
        depth, bound, salt = sample[DEPTH], MOST_HALVINGS - sample[DEPTH], sample[SALT]
        kept = {
            value: (bucket, max(taken, depth))
            for value, (bucket, taken) in sample[KEPT].items()
            if not _rank(value, salt) >> bound
        }
        sample[KEPT], sample[COUNT] = kept, float(sum(1 << taken for _, taken in kept.values()))
