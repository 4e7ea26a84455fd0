"""Who may send us security events, read from the policy once.  OpenID Shared Signals Framework §3; RFC 8935 §2."""

from collections.abc import Mapping
from typing import Protocol

import msgspec

from ringfence.policy.model import Policy
from ringfence.policy.signals_model import Transmitter
from ringfence.problem import Reason, Refused
from ringfence.proofs.jwk import VerificationKey, parse_jwks
from ringfence.proofs.security_event import SET_ALGORITHMS
from ringfence.secret import Secret
from ringfence.store.interface import Unavailable


class Known(msgspec.Struct, frozen=True):
    """A transmitter, its keys read where they stand in the policy."""

    name: str
    rule: Transmitter
    keys: Mapping[str, VerificationKey]
    """By `kid`; empty where they are fetched."""
    audience: str


class TransmitterFiles(Protocol):
    """What stands in files beside the policy, as it is at the moment; every method reads files."""

    def secret(self, path: str) -> Secret:
        """Return a bearer token.  Raises Unavailable where there is none that can be used."""
        ...

    def linked(self, path: str, value: str) -> str:
        """Return the login name that a value leads to, or `""`.  Raises Unavailable."""
        ...


class NoTransmitterFiles:
    """Where nothing is received."""

    def secret(self, path: str) -> Secret:
        """Have none."""
        raise Unavailable(f"{path} is not read here")

    def linked(self, path: str, value: str) -> str:
        """Have none."""
        raise Unavailable(f"{path} is not read here, for {len(value)} characters")


def compile_transmitters(policy: Policy) -> Mapping[str, Known]:
    """Return the transmitters of a policy by name.

    Raises:
        Refused: POLICY_INVALID for a key set that cannot be used.
    """
    known = {}
    for name, rule in policy.signals.transmitters.items():
        keys: Mapping[str, VerificationKey] = {}
        if isinstance(rule.jwks, dict):
            try:
                keys = parse_jwks(rule.jwks, algorithms=SET_ALGORITHMS, reason=Reason.POLICY_INVALID)
            except Refused as refused:
                detail = f"the keys of the transmitter {name} cannot be used: {refused.detail}"
                raise Refused(Reason.POLICY_INVALID, detail) from None
        known[name] = Known(name, rule, keys, rule.audience or policy.issuer)
    return known
