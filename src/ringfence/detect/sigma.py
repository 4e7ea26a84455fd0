"""Sigma rules and correlations about web and OAuth logs, as rules of ours.  Sigma Rules Specification 2.1; Sigma Correlation Rules Specification 2.1.

What ours cannot say is not bent until it fits: such a rule is refused with what stands in the way. What
comes of it begins in mode `shadow`, as nobody has seen yet what it finds here.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec
import yaml

from ringfence.detect.sigma_condition import NotExpressible, Term, alternatives
from ringfence.detect.sigma_fields import condition, of_ours, of_web

MAX_BYTES: Final = 262_144
MOST_DOCUMENTS: Final = 50
CALL: Final = "call.decided.v1"
WEB_CATEGORIES: Final = frozenset({"webserver", "proxy", "web", "application"})
TIMESPAN: Final = "10m"
LEVELS: Final = ("informational", "low", "medium", "high", "critical")
_TECHNIQUE: Final = re.compile(r"attack\.(t[0-9]{4}(?:\.[0-9]{3})?)", re.IGNORECASE)
_TIMESPAN: Final = re.compile(r"[1-9][0-9]{0,4}[smhd]")

Fields = dict[str, Any]
Document = Mapping[str, Any]


class _Loader(yaml.SafeLoader):
    """Follows no alias: a few of them in each other are a text that no memory holds."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        """Return the next node.  Raises NotExpressible where it is an alias."""
        if self.check_event(yaml.AliasEvent):
            raise NotExpressible("it has aliases (`*name`): write out what they stand for")
        return super().compose_node(parent, index)


class Imported(msgspec.Struct, frozen=True):
    """One document of a Sigma file."""

    title: str
    rule: dict[str, Any] | None
    """Ours, as it is written; None where it cannot be."""
    why_not: str = ""


def imported(raw: bytes) -> list[Imported]:
    """Return the rules that a file of Sigma comes to.  Raises NotExpressible: it is no Sigma at all."""
    documents = _documents(raw)
    named = {str(document.get("name") or document.get("id")): document for document in documents}
    used = {
        str(name)
        for document in documents
        if isinstance(document.get("correlation"), dict) and not document["correlation"].get("generate")
        for name in _list(document["correlation"].get("rules"))
    }
    found = []
    for document in documents:
        title = str(document.get("title") or "without a title")
        if {str(document.get("name")), str(document.get("id"))} & used:
            continue  # it stands within a correlation
        try:
            correlated = "correlation" in document
            found.append(Imported(title, _correlation(document, named) if correlated else _single(document)))
        except NotExpressible as why:
            found.append(Imported(title, None, str(why)))
    return found


def _documents(raw: bytes) -> list[Document]:
    if len(raw) > MAX_BYTES:
        raise NotExpressible(f"it is larger than {MAX_BYTES} bytes")
    try:
        documents = [one for one in yaml.load_all(raw, _Loader) if one is not None]
    except (yaml.YAMLError, RecursionError, ValueError) as why:
        raise NotExpressible(f"it is not YAML: {' '.join(str(why).split())[:200]}") from None
    if not documents or len(documents) > MOST_DOCUMENTS or not all(isinstance(one, dict) for one in documents):
        raise NotExpressible("it is no Sigma rule")
    return documents


def _single(document: Document) -> dict[str, Any]:
    selections = _selections(document)
    counted = {f"s{number}": fields for number, fields in enumerate(selections, 1)}
    return _rule(
        document,
        selections=counted,
        **{"group-by": ["network"]},
        measures={f"n{name[1:]}": {"of": name} for name in counted},
        fires=f"{' + '.join(f'n{name[1:]}' for name in counted)} >= 1",
    )


def _correlation(document: Document, named: Mapping[str, Document]) -> dict[str, Any]:
    said = document["correlation"]
    if not isinstance(said, dict):
        raise NotExpressible("its correlation is no mapping")
    kind, wanted = said.get("type"), [str(name) for name in _list(said.get("rules"))]
    if missing := [name for name in wanted if name not in named]:
        raise NotExpressible(f"it correlates `{missing[0]}`, which does not stand in the same file")
    timespan = str(said.get("timespan", ""))
    if not _TIMESPAN.fullmatch(timespan):
        raise NotExpressible("its timespan is not like 30s, 10m, 1h or 7d")
    bases = [named[name] for name in wanted]
    field = _field_names(bases[0]) if bases else of_ours
    common = {
        "group-by": [field(str(name)) for name in _list(said.get("group-by"))] or ["network"],
        "timespan": timespan,
    }
    parts = [_selections(base) for base in bases]
    match kind:
        case "event_count" | "value_count":
            return _rule(document, **common, **_counted(said, parts, field))
        case "temporal":
            return _rule(document, **common, **_together(parts))
        case "temporal_ordered":
            return _rule(document, **common, **_ordered(parts))
    raise NotExpressible(f"a correlation of type `{kind}`")


def _counted(said: Mapping[str, Any], parts: list[list[Fields]], field: Callable[[str], str]) -> dict[str, Any]:
    selections = {f"s{number}": fields for number, fields in enumerate((one for part in parts for one in part), 1)}
    condition_ = said.get("condition")
    if not isinstance(condition_, dict) or len(condition_.keys() - {"field"}) != 1:
        raise NotExpressible("its condition is not one comparison")
    ((word, number),) = [(key, value) for key, value in condition_.items() if key != "field"]
    if word not in {"gte", "gt"} or isinstance(number, bool) or not isinstance(number, int):
        raise NotExpressible(f"a condition `{word}`: only `gte` and `gt` with a whole number can be")
    least = number + (word == "gt")
    if said["type"] == "event_count":
        measures = {f"n{name[1:]}": {"of": name} for name in selections}
    elif len(selections) != 1:
        raise NotExpressible("different values over several selections")
    else:
        measures = {"n1": {"of": "s1", "distinct": field(str(condition_.get("field", "")))}}
    return {"selections": selections, "measures": measures, "fires": f"{' + '.join(measures)} >= {least}"}


def _together(parts: list[list[Fields]]) -> dict[str, Any]:
    ones = _each_one(parts)
    measures = {f"n{number}": {"of": f"s{number}"} for number in range(1, len(ones) + 1)}
    fires = " and ".join(f"{name} >= 1" for name in measures)
    return {"selections": {f"s{n}": one for n, one in enumerate(ones, 1)}, "measures": measures, "fires": fires}


def _ordered(parts: list[list[Fields]]) -> dict[str, Any]:
    ones = _each_one(parts)
    return {
        "selections": {f"s{number}": one for number, one in enumerate(ones, 1)},
        "sequence": [{"of": f"s{number}"} for number in range(1, len(ones) + 1)],
    }


def _each_one(parts: list[list[Fields]]) -> list[Fields]:
    if any(len(part) != 1 for part in parts) or not parts:
        raise NotExpressible("a step with alternatives")
    return [part[0] for part in parts]


def _field_names(document: Document) -> Callable[[str], str]:
    """Return how fields are called in the log that a rule is about."""
    source = document.get("logsource")
    if not isinstance(source, dict):
        raise NotExpressible("it names no logsource")
    if source.get("product") == "ringfence":
        return of_ours
    if source.get("category") in WEB_CATEGORIES and not source.get("product"):
        return of_web
    told = ", ".join(f"{name} {value}" for name, value in source.items() if name != "definition")
    raise NotExpressible(f"it is about other logs: {told}")


def _selections(document: Document) -> list[Fields]:
    """Return the alternatives of a rule's condition, each as one of our selections."""
    field = _field_names(document)
    detection = document.get("detection")
    if not isinstance(detection, dict):
        raise NotExpressible("it has no detection")
    said = detection.get("condition")
    if isinstance(said, list):
        said = said[0] if len(said) == 1 else None
    if not isinstance(said, str):
        raise NotExpressible("it has no condition, or several")
    names = [name for name in detection if isinstance(name, str) and name not in {"condition", "timeframe"}]
    found: list[Fields] = []
    for alternative in alternatives(said, names):
        made: list[Fields] = [{} if document.get("logsource", {}).get("product") == "ringfence" else {"event": CALL}]
        for term in alternative:
            made = [_merged(one, fields) for one in made for fields in _of_term(term, detection[term.name], field)]
        found += made
    if not found or not all(found):
        raise NotExpressible("a selection without fields")
    return found


def _of_term(term: Term, written: Any, field: Callable[[str], str]) -> list[Fields]:
    maps = written if isinstance(written, list) else [written]
    if not all(isinstance(one, dict) for one in maps):
        raise NotExpressible(f"`{term.name}` looks for words anywhere in a line, and events are no lines")
    translated = [_translated(one, field) for one in maps]
    if not term.negated:
        return translated
    if len(translated) != 1 or len(translated[0]) != 1:
        raise NotExpressible(f"not `{term.name}`, which is more than one field")
    ((name, value),) = translated[0].items()
    plain, _, modifier = name.partition("|")
    if modifier == "exists":
        return [{name: not value}]
    if modifier:
        raise NotExpressible(f"not `{term.name}`: `{name}` cannot be turned round")
    return [{f"{plain}|not": value}]


def _translated(written: Mapping[str, Any], field: Callable[[str], str]) -> Fields:
    made: Fields = {}
    for key, value in written.items():
        name, _, modifiers = str(key).partition("|")
        made = _merged(made, dict([condition(field(name), modifiers, value)]))
    return made


def _merged(left: Fields, right: Fields) -> Fields:
    if twice := [name for name in right if name in left and left[name] != right[name]]:
        raise NotExpressible(f"two conditions `{twice[0]}` on the same event")
    return left | right


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _rule(document: Document, **parts: Any) -> dict[str, Any]:
    title = _plain(document.get("title"), "A Sigma rule")
    level = document.get("level")
    tags = " ".join(str(tag) for tag in _list(document.get("tags")))
    techniques = [found.upper() for found in dict.fromkeys(_TECHNIQUE.findall(tags))]
    origin = f"From the Sigma rule {document.get('id') or 'without an id'}."
    return {
        "id": f"sigma-{_slug(title)}",
        "title": title,
        "description": f"{_plain(document.get('description'), title)} {origin}",
        "level": level if level in LEVELS else "medium",
        "mode": "shadow",
        "references": {"attack": techniques},
        "timespan": TIMESPAN,
        "explain": title.replace("{", "{{").replace("}", "}}"),
        **parts,
    }


def _plain(value: Any, otherwise: str) -> str:
    text = " ".join(str(value or "").split())
    return "".join(c for c in text if c.isprintable())[:500] or otherwise


def _slug(title: str) -> str:
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:50] or "rule"
