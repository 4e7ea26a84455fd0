"""The variants of a FAPI 2.0 client that the suite's plans know, and which modules each one meets."""

import tomllib
from dataclasses import dataclass
from itertools import product
from pathlib import Path

MODULES = Path(__file__).with_name("modules.toml")

SQLITE, POSTGRES, SELF_SIGNED = "sqlite", "postgres", "self-signed"
"""The installations: two databases with an authority for client certificates, and one that takes self-signed ones."""

BOTH = (SQLITE, POSTGRES)
"""What keeps the records makes no difference to a client; that is what running every variant on both shows."""


@dataclass(frozen=True)
class Variant:
    """How a client authenticates, binds its tokens, asks, and is answered."""

    auth: str
    """As it is registered: RFC 8705 §2, OpenID Connect Core §9."""
    constrain: str
    openid: bool
    algorithm: str = "ES256"
    signed: bool = False
    jarm: bool = False
    rar: bool = False
    own: bool = False
    """It acts for itself: the plan for client credentials."""
    on: tuple[str, ...] = BOTH

    @property
    def name(self) -> str:
        auth = {"private_key_jwt": "pkjwt", "tls_client_auth": "mtls", "self_signed_tls_client_auth": "selfsigned"}
        more = [name for name in ("signed", "jarm", "rar", "own") if getattr(self, name)]
        return "-".join([auth[self.auth], self.constrain, "openid" if self.openid else "plain", *more])

    @property
    def traits(self) -> set[str]:
        """What a module may ask of a variant."""
        return {
            self.constrain,
            self.auth,
            *(["openid"] if self.openid else []),
            *(["signed"] if self.signed else []),
        }


def _plans() -> list[Variant]:
    rsa = "PS256"
    # the suite's own keys are RSA; those of most partners are EC
    found = [
        Variant(auth, constrain, openid, rsa if openid else "ES256")
        for auth, constrain, openid in product(("private_key_jwt", "tls_client_auth"), ("dpop", "mtls"), (True, False))
    ]
    found += [
        Variant("self_signed_tls_client_auth", constrain, openid, on=(SELF_SIGNED,))
        for constrain, openid in product(("dpop", "mtls"), (True, False))
    ]
    found += [
        Variant("private_key_jwt", "dpop", openid=True, signed=True),
        Variant("private_key_jwt", "mtls", openid=False, algorithm=rsa, signed=True),
        Variant("private_key_jwt", "dpop", openid=True, jarm=True, algorithm="EdDSA"),
        Variant("tls_client_auth", "mtls", openid=True, jarm=True),
        Variant("private_key_jwt", "dpop", openid=False, rar=True),
        Variant("tls_client_auth", "dpop", openid=True, rar=True),
        Variant("private_key_jwt", "dpop", openid=True, signed=True, jarm=True, rar=True),
        Variant("tls_client_auth", "mtls", openid=False, signed=True, jarm=True, rar=True),
    ]
    found += [
        Variant(auth, constrain, openid=False, own=True, on=on)
        for auth, on in (
            ("private_key_jwt", BOTH),
            ("tls_client_auth", BOTH),
            ("self_signed_tls_client_auth", (SELF_SIGNED,)),
        )
        for constrain in ("dpop", "mtls")
    ]
    return found


VARIANTS = _plans()


@dataclass(frozen=True)
class Module:
    """One module of the suite: its name, whom it is for, what it demands."""

    name: str
    demand: str
    only: frozenset[str] = frozenset()
    own: bool = False

    @property
    def test(self) -> str:
        """The name of its test."""
        return "test_" + self.name.replace("-", "_").removeprefix("test_")

    def applies(self, variant: Variant) -> bool:
        return self.only <= variant.traits and (self.own or not variant.own)


def modules() -> dict[str, Module]:
    """Return all modules by their tests' names."""
    rows = tomllib.loads(MODULES.read_text())["module"]
    found = [Module(**{**row, "only": frozenset(row.get("only", ()))}) for row in rows]
    return {module.test: module for module in found}
