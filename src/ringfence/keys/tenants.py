"""Keys of one tenant: a purpose of its own below `data`, named `data@client:acme`, so that all that is done with purposes is done with it.  NIST SP 800-57 part 1 §5.2."""

from collections.abc import Collection
from typing import Final

from ringfence.keys.purposes import PURPOSES, Purpose, Use

MARK: Final = "@"

EVERY_CLIENT: Final = "client:*"


def base_of(purpose: str) -> str:
    """Return the row of `PURPOSES` that a purpose belongs to."""
    return purpose.partition(MARK)[0]


def tenant_of(purpose: str) -> str:
    """Return whose keys a purpose's are alone, or nothing."""
    return purpose.partition(MARK)[2]


def client_of(tenant: str) -> str:
    """Return the id of the client that a tenant is, or nothing."""
    return tenant.removeprefix("client:") if tenant.startswith("client:") else ""


def row_of(purpose: str) -> Purpose:
    """Return what keys of a purpose are for.  Raises KeyError where there is none such."""
    return PURPOSES[base_of(purpose)]


def has_own_key(tenant: str, declared: Collection[str]) -> bool:
    """Say whether a tenant's data keys are wrapped by a key of its own.

    Args:
        tenant: `client:…`, `user:…`, `shared`, or nothing.
        declared: as the policy's `signer.tenant_keys` has them.
    """
    return bool(tenant) and (tenant in declared or (EVERY_CLIENT in declared and tenant.startswith("client:")))


def purpose_of(purpose: str, tenant: str, declared: Collection[str]) -> str:
    """Return the purpose whose key wraps a new data key of a tenant."""
    if PURPOSES[purpose].use is Use.WRAP and has_own_key(tenant, declared):
        return f"{purpose}{MARK}{tenant}"
    return purpose
