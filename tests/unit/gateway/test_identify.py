import msgspec
import pytest
from caller import ISSUER, Caller
from calls import NOW, located, operation, request

from ringfence.clock import Instant
from ringfence.gateway.acceptance import Acceptance
from ringfence.gateway.identify import identify
from ringfence.gateway.stages import Identified
from ringfence.gateway.token_memory import TokenMemory
from ringfence.message import Headers, Peer
from ringfence.problem import Reason, Refused
from ringfence.proofs.nonces import KeyedNonces
from ringfence.proofs.pairwise_subjects import PairwiseSubjects
from ringfence.store.interface import Unavailable

URL = "https://api.example/a"
NONCES = KeyedNonces(b"n" * 32)
ACCEPTED = Acceptance(
    issuer=ISSUER,
    audience=ISSUER,
    algorithms=frozenset({"ES256"}),
    proof_window=60.0,
    skew=30.0,
    authorities=frozenset({"api.example"}),
    challenge="DPoP",
    max_json_depth=8,
)


class World:
    def __init__(self) -> None:
        self.caller = Caller()
        self.memory = TokenMemory(10)

    def key(self, kid: str) -> object:
        return self.caller.issuer_keys(kid)

    def identify(self, headers: Headers, query: str = "", peer: Peer | None = None) -> Identified:
        req = request(query=query, headers=headers)
        if peer is not None:
            req = msgspec.structs.replace(req, peer=peer)
        return identify(located(operation(), req), ACCEPTED, self, NONCES, self.memory, NOW)

    def refused(self, headers: Headers, query: str = "", peer: Peer | None = None) -> Reason:
        with pytest.raises(Refused) as refused:
            self.identify(headers, query, peer)
        return refused.value.reason


@pytest.fixture
def world() -> World:
    return World()


def test_a_key_bound_token_comes_with_its_proof(world: World) -> None:
    token = world.caller.token(NOW)
    proof = world.caller.proof(NOW, "GET", URL, token)
    found = world.identify((("authorization", f"dPoP {token}"), ("dpop", proof)))
    assert found.token.client_id == "client_a"
    assert found.proof is not None
    assert found.proof.jkt == found.token.jkt
    assert world.refused((("authorization", f"Bearer {token}"), ("dpop", proof))) is Reason.SCHEME_MISMATCH
    assert world.refused((("authorization", f"DPoP {token}"),)) is Reason.PROOF_MISSING


def test_a_certificate_bound_token_comes_with_its_certificate(world: World) -> None:
    thumbprint = "x" * 43
    token = world.caller.token(NOW, cnf={"x5t#S256": thumbprint})
    bearer = (("authorization", f"Bearer {token}"),)
    assert world.identify(bearer, peer=Peer("192.0.2.7", thumbprint)).proof is None
    assert world.refused(bearer) is Reason.CERTIFICATE_MISSING
    assert world.refused(bearer, peer=Peer("192.0.2.7", "y" * 43)) is Reason.CERTIFICATE_MISMATCH


def test_a_token_bound_to_both_needs_both(world: World) -> None:
    thumbprint = "x" * 43
    token = world.caller.token(NOW, cnf={"x5t#S256": thumbprint, "jkt": world.caller.key.thumbprint()})
    proof = world.caller.proof(NOW, "GET", URL, token)
    headers = (("authorization", f"DPoP {token}"), ("dpop", proof))
    assert world.identify(headers, peer=Peer("192.0.2.7", thumbprint)).proof is not None
    assert world.refused(headers) is Reason.CERTIFICATE_MISSING
    assert (
        world.refused((("authorization", f"DPoP {token}"),), peer=Peer("192.0.2.7", thumbprint)) is Reason.PROOF_MISSING
    )


@pytest.mark.parametrize("query", ["access_token=a", "x=1&access%5Ftoken=a", "access_token"])
def test_a_token_in_the_url_is_refused_before_anything_else(world: World, query: str) -> None:
    assert world.refused((), query) is Reason.TOKEN_IN_QUERY


def test_a_value_that_looks_like_the_name_is_no_token(world: World) -> None:
    assert world.refused((), "sort=access_token") is Reason.TOKEN_MISSING


def test_a_remembered_token_is_not_remembered_for_another_key(world: World) -> None:
    token = world.caller.token(NOW)
    world.identify((("authorization", f"DPoP {token}"), ("dpop", world.caller.proof(NOW, "GET", URL, token))))
    stolen = world.caller.proof(NOW, "GET", URL, token, key=Caller().key)
    assert world.refused((("authorization", f"DPoP {token}"), ("dpop", stolen))) is Reason.PROOF_KEY


class NoNonces:
    def good(self, now: Instant) -> tuple[str, ...]:
        raise Unavailable("no key")


def test_nonces_are_asked_for_only_where_the_operation_needs_them(world: World) -> None:
    token = world.caller.token(NOW)
    headers = (("authorization", f"DPoP {token}"), ("dpop", world.caller.proof(NOW, "GET", URL, token)))
    plain, strict = operation(), operation(demands={"nonce_required": True})
    found = identify(located(plain, request(headers=headers)), ACCEPTED, world, NoNonces(), world.memory, NOW)
    assert found.nonce == ""
    with pytest.raises(Unavailable):
        identify(located(strict, request(headers=headers)), ACCEPTED, world, NoNonces(), world.memory, NOW)


@pytest.mark.parametrize("claims", [{}, {"nonce": "guessed"}, {"nonce": ""}])
def test_a_proof_without_our_nonce_is_answered_with_one(world: World, claims: dict[str, str]) -> None:
    token = world.caller.token(NOW)
    op = operation(demands={"nonce_required": True})
    proof = world.caller.proof(NOW, "GET", URL, token, **claims)
    headers = (("authorization", f"DPoP {token}"), ("dpop", proof))
    with pytest.raises(Refused) as refused:
        identify(located(op, request(headers=headers)), ACCEPTED, world, NONCES, world.memory, NOW)
    assert refused.value.reason is Reason.PROOF_NONCE
    ((name, given),) = refused.value.headers
    assert name == "dpop-nonce"
    proof = world.caller.proof(NOW, "GET", URL, token, nonce=given)
    headers = (("authorization", f"DPoP {token}"), ("dpop", proof))
    found = identify(located(op, request(headers=headers)), ACCEPTED, world, NONCES, world.memory, NOW)
    assert found.nonce == given


def test_a_pairwise_subject_is_led_back_to_the_customer(world: World) -> None:
    subjects = PairwiseSubjects(b"k" * 64)
    token = world.caller.token(NOW, sub=subjects.subject("user_a", "a.example"))
    headers = (("authorization", f"DPoP {token}"), ("dpop", world.caller.proof(NOW, "GET", URL, token)))
    assert world.refused(headers) is Reason.TOKEN_MALFORMED, "whoever has no key takes it for nobody"

    def gone(subject: str) -> str:
        raise Unavailable("no key yet")

    where = located(operation(), request(headers=headers))
    with pytest.raises(Unavailable):
        identify(where, ACCEPTED, world, NONCES, world.memory, NOW, gone)
    found = identify(where, ACCEPTED, world, NONCES, world.memory, NOW, subjects.user_of)
    assert found.token.user_id == "user_a"
    assert found.token.subject != "user_a"
