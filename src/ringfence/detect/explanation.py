"""A rule in sentences: what it looks at, what it counts for whom, when that is too much, and what then."""

from collections.abc import Iterator
from typing import Any

from ringfence.detect.alert import Alert
from ringfence.detect.rule import Measure, Rule

_WORDS = {
    "": "is",
    "contains": "contains",
    "startswith": "begins with",
    "endswith": "ends with",
    "re": "fits",
    "cidr": "is in",
    "gte": "is at least",
    "lt": "is less than",
    "not": "is not",
    "exists": "is there:",
}


def explain(rule: Rule) -> list[str]:
    """Return the sentences, in the order in which one would ask."""
    return [
        f"{rule.title}: {rule.description}",
        *(f"`{name}` is an event where {_conditions(fields)}." for name, fields in rule.selections.items()),
        f"Events count together for the same {' and '.join(rule.group_by)}."
        if rule.group_by
        else "All events count together.",
        *_counting(rule),
        f"Then the alert says: {rule.explain}",
        f"The same group raises no other alert for {rule.cool_down}, and goes on counting.",
        *_consequences(rule),
    ]


def _conditions(fields: dict[str, Any]) -> str:
    said = []
    for written, value in fields.items():
        name, _, modifier = written.partition("|")
        values = value if isinstance(value, list) else [value]
        said.append(f"{name} {_WORDS.get(modifier, modifier)} {' or '.join(map(_shown, values))}")
    return ", and ".join(said)


def _shown(value: Any) -> str:
    return f"`{value}`" if value != "" else "empty"


def _counting(rule: Rule) -> Iterator[str]:
    if rule.sequence:
        steps = ", then ".join(f"{step.gte} of `{step.of}`" for step in rule.sequence)
        yield f"It fires when, within {rule.timespan}, there were {steps}."
        return
    for name, measure in rule.measures.items():
        yield f"`{name}` is {_measured(measure)} within {rule.timespan}."
    if not rule.measures:
        yield f"`count` is how many of them there were within {rule.timespan}."
    yield f"It fires when {rule.fires}."


def _measured(measure: Measure) -> str:
    if measure.distinct:
        return f"how many different values of {measure.distinct} `{measure.of}` had"
    return f"the sum of {measure.sum} over `{measure.of}`" if measure.sum else f"how many `{measure.of}` there were"


def _consequences(rule: Rule) -> Iterator[str]:
    if rule.mode == "shadow":
        yield "Mode shadow: it only counts; nobody is told."
    elif rule.mode == "alert":
        yield "Mode alert: somebody is told; nothing is done by itself."
    else:
        yield "Mode enforce: somebody is told, and what it answers is done."
    if rule.responses:
        blocks = any(response.startswith("block") for response in rule.responses)
        until = f", for {rule.block_for}" if blocks else ""
        yield f"Its answer is {' and '.join(rule.responses)}{until}."


def explain_alert(rule: Rule, alert: Alert) -> list[str]:
    """Return why this alert was raised, number by number."""
    about = ", ".join(f"{name} {value}" for name, value in alert.group.items()) or "all callers together"
    said = [f"{alert.explanation}.", f"It is about {about}."]
    if alert.measures:
        came = ", ".join(f"{name} = {number:g}" for name, number in alert.measures.items())
        said.append(f"Within {rule.timespan} it came to {came}; the rule fires when {rule.fires}.")
    else:
        said.append(f"The steps came in their order within {rule.timespan}.")
    return said
