"""The known answers are those of RFC 6962's reference tests (seven leaves), which RFC 9162 keeps."""

import random

import pytest

from ringfence.audit.merkle import (
    EMPTY_ROOT,
    Frontier,
    ProofInvalid,
    check_consistency,
    check_inclusion,
    leaf_hash,
    node_hash,
    perfect_root,
)
from ringfence.audit.proofs import consistency, inclusion

LEAVES = [
    b"", b"\x00", b"\x10", b" !", b"01", b"@ABC", b"PQRSTUVW", b"`abcdefghijklmno",
]  # fmt: skip
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def tree(leaves):
    grown = Frontier()
    for leaf in leaves:
        grown.add(leaf_hash(leaf))
    return grown.root()


def nodes(leaves):
    hashes = [leaf_hash(leaf) for leaf in leaves]
    return lambda level, index: perfect_root(hashes[index << level : (index + 1) << level])


def test_roots_of_the_reference_trees():
    assert tree([]) == EMPTY_ROOT
    assert [tree(LEAVES[: n + 1]).hex() for n in range(8)] == ROOTS


def test_a_known_inclusion_proof():
    proof = inclusion(nodes(LEAVES), 0, 8)
    assert [step.hex() for step in proof] == [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ]


def test_a_known_consistency_proof():
    proof = consistency(nodes(LEAVES), 6, 8)
    assert [step.hex() for step in proof] == [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 8, 13, 16, 31, 33])
def test_every_proof_holds_and_no_changed_one_does(size):
    leaves = [b"%d" % n for n in range(size)]
    root = tree(leaves)
    for index in range(size):
        proof = inclusion(nodes(leaves), index, size)
        check_inclusion(leaf_hash(leaves[index]), index, size, proof, root)
        for wrong in ([*proof, bytes(32)], proof[:-1], [bytes(32), *proof[1:]]) if proof else ([bytes(32)],):
            with pytest.raises(ProofInvalid):
                check_inclusion(leaf_hash(leaves[index]), index, size, wrong, root)
        with pytest.raises(ProofInvalid):
            check_inclusion(leaf_hash(b"x"), index, size, proof, root)
    for old in range(size + 1):
        old_root = tree(leaves[:old])
        proof = consistency(nodes(leaves), old, size)
        check_consistency(old, old_root, size, root, proof)
        with pytest.raises(ProofInvalid):
            check_consistency(old, bytes(32), size, root, proof)
        with pytest.raises(ProofInvalid):
            check_consistency(old, old_root, size, root, [*proof, bytes(32)])
        if 0 < old < size:
            with pytest.raises(ProofInvalid):
                check_consistency(old, old_root, size, bytes(32), proof)
            with pytest.raises(ProofInvalid):
                check_consistency(old, old_root, size, root, proof[:-1])


@pytest.mark.parametrize(("index", "size"), [(-1, 3), (3, 3), (0, 0)])
def test_an_index_outside_the_tree_is_not_in_it(index, size):
    with pytest.raises(ProofInvalid):
        check_inclusion(bytes(32), index, size, [], bytes(32))


@pytest.mark.parametrize(("old", "size"), [(4, 3), (-1, 3)])
def test_a_tree_does_not_grow_to_a_smaller_one(old, size):
    with pytest.raises(ProofInvalid):
        check_consistency(old, bytes(32), size, bytes(32), [])


def test_a_leaf_is_no_node():
    left, right = leaf_hash(b"a"), leaf_hash(b"b")
    assert leaf_hash(left + right) != node_hash(left, right)


def test_random_proofs_do_not_hold():
    dice = random.Random(1)
    leaves = [b"%d" % n for n in range(100)]
    root = tree(leaves)
    for _ in range(200):
        proof = [dice.randbytes(32) for _ in range(dice.randrange(9))]
        with pytest.raises(ProofInvalid):
            check_inclusion(leaf_hash(leaves[5]), 5, 100, proof, root)
        with pytest.raises(ProofInvalid):
            check_consistency(50, tree(leaves[:50]), 100, root, proof)
