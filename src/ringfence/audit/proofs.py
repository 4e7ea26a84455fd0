"""Make proofs from the nodes that the tiles hold.  RFC 9162 §2.1.3.1; §2.1.4.1."""

from collections.abc import Callable

from ringfence.audit.merkle import node_hash

Nodes = Callable[[int, int], bytes]
"""Returns the node over the 2^level leaves from `index << level` on; asked for whole ones only."""


def subtree(nodes: Nodes, start: int, end: int) -> bytes:
    """Return the root over the leaves from `start` to before `end`, as the tree joins them."""
    count = end - start
    if not count & (count - 1):
        level = count.bit_length() - 1
        return nodes(level, start >> level)
    middle = start + _left(count)
    return node_hash(subtree(nodes, start, middle), subtree(nodes, middle, end))


def inclusion(nodes: Nodes, index: int, size: int) -> list[bytes]:
    """Return the proof that leaf `index` is in the tree of `size`; at most log n hashes."""
    path: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _left(end - start)
        if index < middle:
            path.append(subtree(nodes, middle, end))
            end = middle
        else:
            path.append(subtree(nodes, start, middle))
            start = middle
    return path[::-1]


def consistency(nodes: Nodes, old_size: int, size: int) -> list[bytes]:
    """Return the proof that the tree of `size` begins with that of `old_size`; empty for 0 and for `size`."""
    if old_size in {0, size}:
        return []
    path: list[bytes] = []
    start, end, whole = 0, size, True
    while old_size != end:
        middle = start + _left(end - start)
        if old_size <= middle:
            path.append(subtree(nodes, middle, end))
            end = middle
        else:
            path.append(subtree(nodes, start, middle))
            start, whole = middle, False
    if not whole:
        path.append(subtree(nodes, start, end))
    return path[::-1]


def _left(count: int) -> int:
    """Return how many of `count` leaves stand to the left: the largest power of two below it."""
    return 1 << (count - 1).bit_length() - 1
