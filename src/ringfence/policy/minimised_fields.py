"""The members of an operation's answers that its consent has to cover, compiled.  RFC 6901 §4."""

from collections.abc import Iterator
from typing import Any, Final

from ringfence.policy.answer_schemas import answers, has_schema, is_json
from ringfence.policy.members import demanded
from ringfence.policy.minimise_model import Minimise, Minimised, MinimisedField
from ringfence.policy.pointers import parts_of
from ringfence.policy.references import References

_BAD: Final = frozenset("45")
"""First digits of statuses of errors (RFC 9110 §15.5, §15.6)."""


def minimised(asked: Minimise | None, raw: dict[str, Any], references: References) -> Minimised | None:
    """Return a rule with what the schemas of good answers say of its members; None without a rule.

    Args:
        asked: of the policy.
        raw: the operation in the document.
        references: of the document.
    """
    if asked is None:
        return None
    schemas = list(_good(raw, references))
    fields = (
        MinimisedField(at, tuple(parts_of(at)), permission, any(demanded(schema, at, references) for schema in schemas))
        for at, permission in asked.fields.items()
    )
    return Minimised(asked, tuple(fields))


def _good(raw: dict[str, Any], references: References) -> Iterator[Any]:
    """Yield the schema of every JSON answer that is not an error's."""
    for status, media_type, media in answers(raw, references):
        if status[:1] not in _BAD and is_json(media_type) and has_schema(media):
            yield media["schema"]
