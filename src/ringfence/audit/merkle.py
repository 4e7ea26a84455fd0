"""The tree's hashes, and what makes a proof of inclusion or of growth a proof.  RFC 9162 §2.1.1; §2.1.3.2; §2.1.4.2."""

from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import Final

HASH_BYTES: Final = 32
EMPTY_ROOT: Final = sha256(b"").digest()


class ProofInvalid(Exception):
    """A proof does not prove what it is said to prove."""


def leaf_hash(entry: bytes) -> bytes:
    """Return the hash of an entry."""
    return sha256(b"\0" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of a node."""
    return sha256(b"\1" + left + right).digest()


class Frontier:
    """A growing tree as the roots of its perfect subtrees, the largest first: log n hashes."""

    __slots__ = ("_stack", "size")

    def __init__(self) -> None:
        """Begin with the empty tree."""
        self._stack: list[bytes] = []
        self.size = 0

    def add(self, leaf: bytes) -> None:
        """Add a leaf's hash."""
        rest = self.size
        self.size = rest + 1
        stack = self._stack
        while rest & 1:
            leaf = sha256(b"\1" + stack.pop() + leaf).digest()
            rest >>= 1
        stack.append(leaf)

    def root(self) -> bytes:
        """Return the root of the tree as it is."""
        return joined(self._stack)


def joined(roots: Sequence[bytes]) -> bytes:
    """Return the root over perfect subtrees, the largest first."""
    if not roots:
        return EMPTY_ROOT
    root = roots[-1]
    for left in reversed(roots[:-1]):
        root = node_hash(left, root)
    return root


def perfect_root(hashes: Sequence[bytes]) -> bytes:
    """Return the root over 2^n hashes."""
    row = list(hashes)
    while len(row) > 1:
        row = [sha256(b"\1" + row[i] + row[i + 1]).digest() for i in range(0, len(row), 2)]
    return row[0]


def check_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Return if the leaf's hash stands at `index` of the tree of that size and root.  Raises ProofInvalid."""
    if not 0 <= index < size:
        raise ProofInvalid(f"there is no entry {index} in a tree of {size}")
    found = leaf
    for step, from_left in _climb(index, size - 1, proof):
        found = node_hash(step, found) if from_left else node_hash(found, step)
    if found != root:
        raise ProofInvalid(f"entry {index} is not what the tree of {size} holds")


def check_consistency(old_size: int, old_root: bytes, size: int, root: bytes, proof: Sequence[bytes]) -> None:
    """Return if the tree of `size` begins with the tree of `old_size`.  Raises ProofInvalid."""
    if not 0 <= old_size <= size:
        raise ProofInvalid(f"a tree of {size} did not grow from one of {old_size}")
    if old_size in {0, size}:
        if proof or (root if old_size else EMPTY_ROOT) != old_root:
            raise ProofInvalid(f"another tree of {old_size} is known, or there is a proof where none is needed")
        return
    steps = list(proof)
    if not old_size & (old_size - 1):
        steps.insert(0, old_root)
    if not steps:
        raise ProofInvalid("the proof is too short")
    at, last = old_size - 1, size - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    old_found = found = steps[0]
    for step, from_left in _climb(at, last, steps[1:]):
        if from_left:
            old_found, found = node_hash(step, old_found), node_hash(step, found)
        else:
            found = node_hash(found, step)
    if old_found != old_root or found != root:
        raise ProofInvalid(f"the tree of {size} does not begin with the tree of {old_size} that is known")


def _climb(at: int, last: int, proof: Sequence[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Return each hash of a proof with whether it stands to the left, from `at` up to the root.

    Raises:
        ProofInvalid: there are too many or too few of them.
    """
    for step in proof:
        if last == 0:
            raise ProofInvalid("the proof is too long")
        from_left = bool(at & 1) or at == last
        yield step, from_left
        while from_left and not at & 1 and at:
            at, last = at >> 1, last >> 1
        at, last = at >> 1, last >> 1
    if last:
        raise ProofInvalid("the proof is too short")
