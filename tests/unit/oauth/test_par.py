import msgspec

from ringfence.ids import token_hash
from ringfence.oauth.par import URN


async def test_only_the_hash_of_the_request_uri_is_kept(bank):
    uri = await bank.partner.pushed_uri(proof=True)
    assert uri.startswith(URN)
    reference = uri.removeprefix(URN)
    kept = await bank.ports.records.pushed_request(token_hash(reference))
    assert kept.dpop_jkt == bank.partner.dpop.thumbprint()
    assert kept.client_id == "client_one"
    assert reference not in repr(kept)
    assert kept.consumed_at is None
    assert "client_assertion" not in msgspec.to_builtins(kept)["parameters"]


async def test_two_pushes_have_two_references(bank):
    assert await bank.partner.pushed_uri() != await bank.partner.pushed_uri()
