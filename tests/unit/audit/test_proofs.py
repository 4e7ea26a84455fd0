from ringfence.audit.merkle import check_consistency, check_inclusion, leaf_hash
from ringfence.audit.proofs import consistency, inclusion, subtree
from ringfence.audit.tiles import entries, nodes


def test_proofs_from_the_tiles_hold(grown):
    directory, head = grown.directory, grown.log.head
    find = nodes(directory, head.size)
    leaves = [leaf_hash(data) for data in entries(directory, head.size)]
    assert subtree(find, 0, head.size) == head.root
    for index in (0, 1, 127, 255, 256, 299):
        check_inclusion(leaves[index], index, head.size, inclusion(find, index, head.size), head.root)
    for old in (1, 2, 180, 255, 256, 257, 300):
        proof = consistency(find, old, head.size)
        check_consistency(old, subtree(find, 0, old), head.size, head.root, proof)


def test_a_proof_is_as_short_as_the_tree_is_high(grown):
    find = nodes(grown.directory, 300)
    assert max(len(inclusion(find, index, 300)) for index in range(300)) == 9
    assert consistency(find, 0, 300) == consistency(find, 300, 300) == []
