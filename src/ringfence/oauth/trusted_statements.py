"""Believe software statements of the issuers that the policy names, and of no other.  RFC 7591 §2.3, §3.2.2."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from ringfence.clock import Instant
from ringfence.fetching import Unfetchable, read_target
from ringfence.oauth.ports import ClientKeys
from ringfence.policy.model import Policy
from ringfence.policy.registration_model import Registration, StatementIssuer
from ringfence.problem import Reason, Refused
from ringfence.proofs.jwk import VerificationKey, parse_jwks
from ringfence.proofs.software_statement import KIND, Statement, peek_issuer, verify_software_statement

SOFTWARE_ID_CHARACTERS: Final = 256
"""Longest `software_id` taken."""


class TrustedIssuer(msgspec.Struct, frozen=True):
    """An issuer of statements, its keys read where they stand in the policy."""

    rule: StatementIssuer
    keys: Mapping[str, VerificationKey]
    """By `kid`; empty where they are fetched."""


class CompiledRegistration(msgspec.Struct, frozen=True):
    """How clients register themselves."""

    policy: Policy
    rule: Registration
    issuers: Mapping[str, TrustedIssuer]


class Vouched(msgspec.Struct, frozen=True):
    """A statement that counts, and what it says by the names of client metadata."""

    statement: Statement
    claims: dict[str, Any]
    software_id: str


def compile_registration(policy: Policy) -> CompiledRegistration | None:
    """Return how clients register themselves, or None where they do not.

    Raises:
        Refused: POLICY_INVALID for a key set that cannot be used.
    """
    rule = policy.oauth.registration
    if rule is None:
        return None
    issuers = {}
    for issuer in rule.statement_issuers:
        keys: Mapping[str, VerificationKey] = {}
        if issuer.jwks_uri:
            try:
                read_target(issuer.jwks_uri)
            except Unfetchable as why:
                detail = f"the jwks_uri of the statement issuer {issuer.issuer} cannot be fetched: {why}"
                raise Refused(Reason.POLICY_INVALID, detail) from None
        if isinstance(issuer.jwks, dict):
            try:
                keys = parse_jwks(issuer.jwks, algorithms=issuer.algorithms, reason=Reason.POLICY_INVALID)
            except Refused as refused:
                detail = f"the keys of the statement issuer {issuer.issuer} cannot be used: {refused.detail}"
                raise Refused(Reason.POLICY_INVALID, detail) from None
        issuers[issuer.issuer] = TrustedIssuer(issuer, keys)
    return CompiledRegistration(policy, rule, issuers)


async def vouched(raw: object, compiled: CompiledRegistration, client_keys: ClientKeys, now: Instant) -> Vouched:
    """Return what a software statement says, verified.

    Args:
        raw: the member `software_statement`.
        compiled: whom to believe.
        client_keys: fetches an issuer's keys.
        now: the present.

    Raises:
        Refused: STATEMENT_INVALID; STATEMENT_UNAPPROVED for an issuer that the policy does not name.
    """
    if not isinstance(raw, str):
        raise Refused(Reason.STATEMENT_INVALID, "software_statement is a signed JWT in compact form")
    issuer = compiled.issuers.get(peek_issuer(raw))
    if issuer is None:
        known = ", ".join(compiled.issuers) or "none"
        raise Refused(Reason.STATEMENT_UNAPPROVED, f"use one of these issuers: {known}")
    rule, keys = issuer.rule, issuer.keys
    if rule.jwks_uri:
        keys = await client_keys.at(rule.jwks_uri, raw, KIND, Reason.STATEMENT_INVALID)
    statement = verify_software_statement(
        raw,
        issuer=rule.issuer,
        keys=keys,
        algorithms=rule.algorithms,
        audience=compiled.policy.issuer,
        max_age=rule.max_age_seconds,
        now=now,
        skew=compiled.policy.gateway.clock_skew_seconds,
    )
    claims = _by_name(statement.claims, rule)
    for name in rule.vouches_for:
        if name not in claims:
            raise Refused(Reason.STATEMENT_INVALID, f"it does not say {name}, which it has to here: ask its issuer")
    software_id = claims.get("software_id", "")
    if not isinstance(software_id, str) or len(software_id) > SOFTWARE_ID_CHARACTERS or not software_id.isprintable():
        raise Refused(Reason.STATEMENT_INVALID, f"its software_id is not a text of {SOFTWARE_ID_CHARACTERS} characters")
    return Vouched(statement, claims, software_id)


def overridden(document: Mapping[str, Any], claims: Mapping[str, Any]) -> dict[str, Any]:
    """Return a client's metadata where what a statement says comes first.  RFC 7591 §2.3.

    Keys are one thing that a statement can say in either of two members: then the request says neither.
    """
    left = dict(document)
    if "jwks" in claims or "jwks_uri" in claims:
        left = {name: value for name, value in left.items() if name not in ("jwks", "jwks_uri")}
    return {**left, **claims}


def _by_name(said: Mapping[str, Any], rule: StatementIssuer) -> dict[str, Any]:
    """Return claims by the names of client metadata, as plain JSON values; one that the policy maps has no other name."""
    claims = {name: value for name, value in said.items() if name not in rule.claims and name != "software_statement"}
    claims |= {name: said[claim] for name, claim in rule.claims.items() if claim in said}
    plain: dict[str, Any] = msgspec.to_builtins({name: value for name, value in claims.items() if value is not None})
    return plain
