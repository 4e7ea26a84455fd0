"""Find the registered key that a client's JWT was signed with: nothing in the JWT leads to another.  RFC 7515 §4.1.4; RFC 8725 §3.1, §3.8."""

from collections.abc import Collection, Mapping
from typing import Any

from ringfence.problem import Refused
from ringfence.proofs.jwk import Algorithm, VerificationKey
from ringfence.proofs.jws import Kind, check_algorithm, header_of, media_type, members_of, split, verify


def registered_key(
    header: dict[str, Any], client_keys: Mapping[str, VerificationKey], algorithms: Collection[Algorithm], kind: Kind
) -> VerificationKey:
    """Return the registered key that the header means: by `kid`, or the only one of its algorithm.

    Args:
        header: of the JWT.
        client_keys: the client's registered keys by `kid`.
        algorithms: those allowed.
        kind: what the JWT is used as.

    Raises:
        Refused: `kind.signature` for no such key, `kind.algorithm` for an algorithm that is not the key's or not allowed.
    """
    key = _named(header, client_keys, kind)
    check_algorithm(header, key, kind)
    if key.algorithm not in algorithms:
        raise Refused(kind.algorithm, f"{key.algorithm} is not taken here")
    return key


def client_signed(
    raw: str,
    client_keys: Mapping[str, VerificationKey],
    algorithms: Collection[Algorithm],
    kind: Kind,
    types: Collection[str],
) -> dict[str, Any]:
    """Return the claims of a JWT that a client signed; what they say is for the caller to judge.

    Args:
        raw: the JWT.
        client_keys: the client's registered keys by `kid`.
        algorithms: those allowed.
        kind: what the JWT is used as.
        types: what its header's `typ` may be, in lower case; `""` for none.

    Raises:
        Refused: `kind.malformed`, `kind.algorithm` or `kind.signature`.
    """
    jws = split(raw, kind)
    header = header_of(jws.encoded_header, kind)
    if media_type(header) not in types:
        raise Refused(kind.malformed, f"the {kind.name}'s typ is another kind of JWT's")
    return members_of(verify(jws, registered_key(header, client_keys, algorithms, kind), kind), kind)


def _named(header: dict[str, Any], client_keys: Mapping[str, VerificationKey], kind: Kind) -> VerificationKey:
    if "kid" in header:
        kid = header["kid"]
        key = client_keys.get(kid) if isinstance(kid, str) else None
        if key is None:
            raise Refused(kind.signature, "the client has no key of that kid")
        return key
    fitting = [key for key in client_keys.values() if key.answers_to(header["alg"])]
    if len(fitting) != 1:
        raise Refused(kind.signature, "without a kid, the client needs exactly one key for the alg")
    return fitting[0]
