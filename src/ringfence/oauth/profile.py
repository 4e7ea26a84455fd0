"""The authorization server's settings, compiled once from the policy: a contradiction refuses to start.  RFC 8414 §2."""

import ipaddress
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

import msgspec

from ringfence.clock import Seconds
from ringfence.oauth.signals.transmitters import Known, compile_transmitters
from ringfence.oauth.trusted_statements import CompiledRegistration, compile_registration
from ringfence.policy.backchannel_model import Ciba, MayAct
from ringfence.policy.colours import on_dark
from ringfence.policy.details import CompiledType, compile_types
from ringfence.policy.model import Lifetimes, Policy
from ringfence.policy.payload import takes_sealed
from ringfence.policy.registration_model import ClientRules
from ringfence.proofs.jwk import Algorithm
from ringfence.proofs.passkey import Party

INTERACTION_SECONDS: Final = 600
"""How long a customer may take from the first page to the last answer."""


class Profile(msgspec.Struct, frozen=True):
    """What the endpoints need to know of the policy."""

    issuer: str
    origin: str
    """`https://host[:port]` of the issuer."""
    base_path: str
    """Path of the issuer, without trailing slash; often empty."""
    mtls_origin: str
    """`https://host[:port]` of the mTLS listener; empty without one."""
    audience: str
    scopes: Mapping[str, str]
    lifetimes: Lifetimes
    client_algorithms: tuple[Algorithm, ...]
    signing_algorithm: str
    detail_types: Mapping[str, CompiledType]
    """Types of authorization details, by name."""
    title: str
    proof_window: Seconds
    skew: Seconds
    nonce_required: bool
    """DPoP proofs must hold a nonce of ours."""
    login_url: str
    """Where customers log in instead of on our own pages; empty: on ours."""
    consent_url: str
    """Where customers consent instead of on our own page; empty: on ours."""
    acr_values: tuple[str, ...]
    """Classes of login that an outside application reaches, the weakest first; empty: those of our own pages."""
    trusts_subjects: bool
    """Every client certificate that arrives was signed by an authority that the policy names."""
    clients: ClientRules = ClientRules()
    registration: CompiledRegistration | None = None
    """None: clients do not register themselves."""
    ciba: Ciba = Ciba()
    may_act: tuple[MayAct, ...] = ()
    """Who may exchange whose access tokens."""
    second_factor_at_risk: float | None = None
    """From which risk on a password is not enough in a strange browser; None: it always is."""
    takes_sealed: bool = False
    """Some operation takes bodies that partners seal to us."""
    passkeys: Party | None = None
    """Who we are to passkeys; None where the issuer's host is an address, for which browsers make none."""
    transmitters: Mapping[str, Known] = {}
    """Who may send us security events, by name."""
    accent: str = ""
    """Colour of buttons and links, `#rrggbb`."""
    accent_dark: str = ""
    """The same on a dark ground."""

    def origin_of(self, listener: str) -> str:
        """Return the origin of the listener that a call came in by: what a proof's `htu` starts with."""
        return self.mtls_origin if listener == "mtls" and self.mtls_origin else self.origin


def compile_profile(policy: Policy) -> Profile:
    """Return the settings of a policy.  Raises Refused POLICY_INVALID for keys of statement issuers or transmitters that are none."""
    issuer = urlsplit(policy.issuer)
    mtls = policy.listeners.mtls
    mtls_origin = ""
    if mtls is not None:
        mtls_origin = policy.mtls_url or f"https://{issuer.hostname}:{mtls.port}"
    host, origin = issuer.hostname or "", f"https://{issuer.netloc}"
    certificates = mtls.client_certificates if mtls is not None else None
    outside = policy.oauth.login_application
    return Profile(
        issuer=policy.issuer,
        origin=origin,
        base_path=issuer.path,
        mtls_origin=mtls_origin,
        audience=policy.oauth.resource or policy.issuer,
        scopes=policy.oauth.scopes,
        lifetimes=policy.oauth.lifetimes,
        client_algorithms=policy.oauth.client_algorithms,
        signing_algorithm=policy.oauth.signing_algorithm,
        detail_types=compile_types(policy),
        title=policy.oauth.login_title,
        proof_window=policy.gateway.proof_window_seconds,
        skew=policy.gateway.clock_skew_seconds,
        nonce_required=policy.oauth.dpop_nonce == "required",
        login_url=outside.url if outside else "",
        consent_url=outside.consent_url if outside else "",
        acr_values=outside.acr_values if outside else (),
        trusts_subjects=certificates is not None and bool(certificates.authorities) and not certificates.self_signed,
        clients=policy.oauth.clients,
        registration=compile_registration(policy),
        ciba=policy.oauth.ciba,
        may_act=policy.oauth.may_act,
        second_factor_at_risk=policy.oauth.second_factor_at_risk,
        takes_sealed=takes_sealed(policy),
        passkeys=None if _is_address(host) else Party(host, origin),
        transmitters=compile_transmitters(policy),
        accent=policy.oauth.pages.accent,
        accent_dark=on_dark(policy.oauth.pages.accent),
    )


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
