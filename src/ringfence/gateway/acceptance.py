"""What the gateway takes of tokens, proofs and hosts: worked out of the policy once."""

from collections.abc import Mapping
from urllib.parse import urlsplit

import msgspec

from ringfence.clock import Seconds
from ringfence.policy.linking_model import Linking
from ringfence.policy.model import Policy
from ringfence.policy.protection_model import SealContent
from ringfence.proofs.encryption_key import SealAlgorithm
from ringfence.proofs.jwk import Algorithm


class Acceptance(msgspec.Struct, frozen=True, gc=False):
    """The fixed expectations of every call."""

    issuer: str
    audience: str
    algorithms: frozenset[Algorithm]
    proof_window: Seconds
    skew: Seconds
    authorities: frozenset[str]
    """`host[:port]` in lower case, default port left out, that this gateway answers for."""
    challenge: str
    """The `WWW-Authenticate` value without an error.  RFC 9449 §7.1."""
    max_json_depth: int
    linkings: Mapping[str, Linking] = {}
    """Of the types that are payments: which of their members bind."""
    listed_acrs: tuple[str, ...] = ()
    """Classes of login any of which will do for callers from a network whose feed says `step-up`."""
    step_up_acr: tuple[str, ...] = ()
    """Classes of login that fulfil a step-up."""
    seal_algorithms: tuple[SealAlgorithm, ...] = ()
    """By which answers are sealed, the preferred one first."""
    seal_content: SealContent = "A256GCM"


def acceptance(policy: Policy) -> Acceptance:
    """Return what a policy takes."""
    algorithms = policy.oauth.client_algorithms
    return Acceptance(
        issuer=policy.issuer,
        audience=policy.oauth.resource or policy.issuer,
        algorithms=frozenset(algorithms),
        proof_window=policy.gateway.proof_window_seconds,
        skew=policy.gateway.clock_skew_seconds,
        authorities=frozenset({_authority(policy.issuer), _authority(mtls_url(policy)), *policy.hosts} - {""}),
        challenge=f'DPoP algs="{" ".join(algorithms)}"',
        max_json_depth=policy.gateway.max_json_depth,
        step_up_acr=policy.watch.step_up_acr,
        linkings={
            name: kind.linking for name, kind in policy.oauth.authorization_details.items() if kind.linking is not None
        },
        seal_algorithms=policy.protection.seal_algorithms,
        seal_content=policy.protection.seal_content,
        listed_acrs=policy.intelligence.step_up_acrs,
    )


def mtls_url(policy: Policy) -> str:
    """Return the base URL of the mTLS listener, or `""` without one.  RFC 8705 §5."""
    if policy.mtls_url or policy.listeners.mtls is None:
        return policy.mtls_url
    parts = urlsplit(policy.issuer)
    host = f"[{parts.hostname}]" if parts.hostname and ":" in parts.hostname else parts.hostname
    return f"https://{host}:{policy.listeners.mtls.port}"


def _authority(url: str) -> str:
    return urlsplit(url).netloc.lower().removesuffix(":443")
