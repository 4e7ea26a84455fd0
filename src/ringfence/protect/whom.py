"""For whose call fields are protected and opened."""

import msgspec

from ringfence.policy.protection_model import Protect


class Whom(msgspec.Struct, frozen=True, gc=False):
    """The caller of an operation."""

    client: str
    user: str
    grant: str
    scopes: frozenset[str]
    operation: str
    correlation: str

    def tenant(self, rule: Protect) -> str:
        """Return whose value a field's is, in the form that keys are bound to."""
        match rule.tenant:
            case "client":
                return f"client:{self.client}"
            case "user":
                return f"user:{self.user}"
            case "shared":
                return "shared"

    def gets_clear(self, rule: Protect) -> bool:
        """Say whether the caller gets the value of an opened or masked field as it is."""
        if not rule.clear_for:
            return rule.mode != "mask"
        return self.scopes.issuperset(rule.clear_for)
