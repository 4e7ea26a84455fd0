"""What a protected value is bound to: tenant, resource, field, revision and purpose.  NIST SP 800-38D §7.1."""

from functools import lru_cache
from typing import Final, Literal, NamedTuple

import msgspec

Purpose = Literal["encrypt", "deterministic", "token", "token-index", "index", "answer"]

STABLE: Final = frozenset({"deterministic", "token-index", "index"})
"""Purposes whose key stays the same: another one would make equal values differ. A new revision gets a new one."""


class Scope(NamedTuple):
    """What has keys of its own: a field of a tenant, for one purpose. A tuple, because it is looked up several times a field."""

    tenant: str
    """`client:…`, `user:…`, or `shared`."""
    resource: str
    field: str
    revision: int
    purpose: Purpose

    @property
    def name(self) -> str:
        """What the key is known by beside the tenant; no two fields have the same, since a field has no `@` and `#`."""
        return f"{self.resource}#{self.field}@{self.revision}:{self.purpose}"

    @property
    def subject(self) -> str:
        """The person whose data it is, where it is one's."""
        return self.tenant.removeprefix("user:") if self.tenant.startswith("user:") else ""


@lru_cache(maxsize=10_000)
def bound(scope: Scope, more: str = "") -> bytes:
    """Return a scope as associated data, in a form that nothing else has.

    Args:
        scope: the field.
        more: what else it belongs to, such as its token.
    """
    parts = (scope.tenant, scope.resource, scope.field, scope.revision, scope.purpose, more)
    return msgspec.msgpack.encode(("ringfence field 1", *parts))
