"""The schema that Cedar policies are held against: an action for every operation, and what each call tells."""

import json
from collections.abc import Collection, Iterable
from typing import Any, Final

from ringfence.policy.operations import Operation

_TEXT: Final = {"type": "String"}
_NUMBER: Final = {"type": "Long"}
_TEXTS: Final = {"type": "Set", "element": _TEXT}

TYPES: Final = ("Client", "User", "Api", "Account")

TOLD: Final[dict[str, dict[str, Any]]] = {
    "client": {"type": "Entity", "name": "Client"},
    "scopes": _TEXTS,
    "actors": _TEXTS,
    "binding": _TEXT,
}
"""What every call tells."""

PERHAPS: Final[dict[str, dict[str, Any]]] = {
    "user": {"type": "Entity", "name": "User"},
    "consent": _TEXT,
    "acr": _TEXT,
    "login_age": _NUMBER,
    "network": {"type": "Extension", "name": "ipaddr"},
    "caller_country": _TEXT,
    "debtor_country": _TEXT,
    "creditor_country": _TEXT,
}
"""What some calls tell: a policy has to ask with `has` first."""

FACTS: Final[dict[str, tuple[dict[str, Any], tuple[str, ...]]]] = {
    "amount_minor": (_NUMBER, ("amount", "currency")),
    "currency": (_TEXT, ("currency",)),
    "debtor_currency": (_TEXT, ("debtor_currency",)),
    "debtor": ({"type": "Entity", "name": "Account"}, ("debtor",)),
    "creditor": ({"type": "Entity", "name": "Account"}, ("creditor",)),
}
"""What calls of operations tell that declare these facts; a call without them is refused."""

_COUNTRIES: Final = ("debtor_country", "creditor_country")
NAMES: Final = frozenset({*TOLD, *PERHAPS, *FACTS})


def action(operation: Operation) -> str:
    """Return the id of an operation's action: `api/version/operationId`."""
    return f"{operation.api}/{operation.version}/{operation.operation_id}"


def context(operation: Operation, used: Collection[str]) -> dict[str, dict[str, Any]]:
    """Return what a call of an operation tells, as far as any policy uses it: the type of each name."""
    facts = operation.demands.facts
    absent = {name for name in _COUNTRIES if not getattr(facts, name)}
    told: dict[str, dict[str, Any]] = {name: kind for name, kind in TOLD.items() if name in used}
    for name, kind in PERHAPS.items():
        if name in used and name not in absent:
            told[name] = {**kind, "required": False}
    for name, (kind, needs) in FACTS.items():
        if name in used and all(getattr(facts, need) for need in needs):
            told[name] = kind
    return told


def cedar_schema(operations: Iterable[Operation], used: Collection[str]) -> str:
    """Return the schema as JSON, with only those parts of the context that policies use."""
    actions: dict[str, dict[str, Any]] = {}
    for operation in operations:
        version = f"{operation.api}/{operation.version}"
        actions[operation.api] = {}
        actions[version] = {"memberOf": [{"id": operation.api}]}
        actions[action(operation)] = {
            "memberOf": [{"id": version}],
            "appliesTo": {
                "principalTypes": ["Client", "User"],
                "resourceTypes": ["Api"],
                "context": {"type": "Record", "attributes": context(operation, used)},
            },
        }
    return json.dumps({"": {"entityTypes": {name: {} for name in TYPES}, "actions": actions}})
