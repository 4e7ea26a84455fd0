from typing import Any, get_type_hints

import msgspec
import pytest
from msgspec import inspect

from ringfence.policy.mistakes import PolicyMistakes
from ringfence.policy.model import Policy
from ringfence.policy.structure import MOVED, read_as, read_policy
from ringfence.policy.yaml_source import read_yaml

TEXT = """\
version: 2
issuer: http://bank.example
listners: {}
listeners:
  public:
    port: 99999
    tls: {certificate: a, key: b, minimum: 1.2}
    colour: red
gateway: {workers: two, token_cache_entries: 1.5}
oauth: {scopes: {"a b": x}, client_algorithms: [ES256, HS256]}
limits:
  x: {per: clients, rate_per_second: 0}
  7: {per: client, rate_per_second: 1, burst: 1}
apis:
  - name: 4
    versions: []
  - name: two
    versions:
      - name: v1
        openapi: x.yaml
        upstream: {url: "https://x"}
        defaults: {scopes: pay, expose: 'yes'}
        waivers: [{fault: f, at: /a, reason: x}]
on_outage: {fast_state: refuse, records: allow, events: spill}
"""


def test_every_mistake_is_told_at_its_place_with_what_to_write() -> None:
    with pytest.raises(PolicyMistakes) as found:
        read_policy(read_yaml(TEXT.encode(), "ringfence.yaml"))
    told = {(m.line, m.column): (m.message, m.instead) for m in found.value.mistakes}
    expected = {
        (1, 10): ("`version` is `2`", "write `1`"),
        (2, 9): ("`issuer` cannot be `http://bank.example`", "issuer identifier"),
        (3, 1): ("`listners` is not known", "write `listeners`"),
        (6, 11): ("`port` is `99999`", "write at most 65535"),
        (7, 44): ("`minimum` is `1.2`", 'write it in quotes: "1.2"'),
        (8, 5): ("`colour` is not known in `public`", "write one of"),
        (9, 20): ("`workers` is `two`", "write a whole number"),
        (9, 46): ("`token_cache_entries` is `1.5`", "write a whole number"),
        (10, 18): ("`a b` is not a name in `scopes`", "scope token"),
        (10, 56): ("item 2 of `client_algorithms` is `HS256`", "write"),
        (12, 12): ("`per` is `clients`", "write `client`"),
        (12, 38): ("`rate_per_second` is `0`", "write more than 0"),
        (13, 3): ("the key `7` is not text", 'write `"7"`'),
        (15, 11): ("`name` is `4`", 'write it in quotes: "4"'),
        (16, 15): ("`versions` is empty", "write at least 1"),
        (21, 25): ("`url` cannot be `https://x`", "http://host:port"),
        (22, 28): ("`scopes` is `pay`", "write a list"),
        (22, 41): ("`expose` is `yes`", "write true or false"),
        (23, 46): ("`reason` is too short", "at least 3 characters"),
        (24, 12): ("`upstream` is missing in `on_outage`", "write `upstream:`"),
        (24, 42): ("`records` is `allow`", "write `refuse`"),
    }
    assert set(told) == set(expected)
    for place, (message, instead) in expected.items():
        assert told[place][0] == message
        assert instead in told[place][1]


@pytest.mark.parametrize("raw", [b"", b"[]", b"text", b"{}", b"1"])
def test_a_file_of_another_form_is_told(raw: bytes) -> None:
    with pytest.raises(PolicyMistakes):
        read_policy(read_yaml(raw, "f"))


def structs(kind: Any, found: set[type]) -> set[type]:
    """Return every struct that can stand in a value of a type."""
    if isinstance(kind, inspect.StructType):
        if kind.cls in found:
            return found
        found.add(kind.cls)
    inner = [getattr(kind, name, None) for name in ("type", "key_type", "value_type", "item_type")]
    inner += [*getattr(kind, "types", ()), *(field.type for field in getattr(kind, "fields", ()))]
    for one in inner:
        if isinstance(one, inspect.Type):
            structs(one, found)
    return found


def test_what_may_be_left_out_may_be_written_as_it_then_is() -> None:
    """The accepted copy of a policy says every default; roles read it with the same strictness."""
    seen = structs(inspect.type_info(Policy), set())
    assert {"ObjectRule", "ConsentLimits", "Minimise", "LinkMembers"} <= {one.__name__ for one in seen}
    for one in seen:
        hints = get_type_hints(one, include_extras=True)
        for field in msgspec.structs.fields(one):
            if field.default is msgspec.NODEFAULT or one.__struct_config__.omit_defaults:  # type: ignore[attr-defined]
                continue
            holder = msgspec.defstruct("Holder", [("it", hints[field.name])], forbid_unknown_fields=True)
            written = msgspec.json.encode({"it": field.default})
            read_as(read_yaml(written, f"{one.__name__}.{field.name}"), holder)


def test_a_member_that_has_moved_is_told_with_its_new_place() -> None:
    with pytest.raises(PolicyMistakes) as found:
        read_policy(read_yaml(b"intelligence:\n  step_up_acrs: [a]\n", "ringfence.yaml"))
    (moved,) = [one for one in found.value.mistakes if one.line == 2]
    assert moved.message == "`step_up_acrs` in `intelligence` is `watch.step_up_acr` now"
    assert moved.instead == "write it there: `watch.step_up_acr`"
    for old, new in MOVED.items():
        assert not known(old), "what has moved is not at its old place too"
        assert known(tuple(new.split(".")))


def known(path: tuple[str | int, ...]) -> bool:
    """Whether the model has a member; each but the last is a struct with defaults."""
    at: Any = Policy
    for part in path[:-1]:
        at = next(type(field.default) for field in msgspec.structs.fields(at) if field.name == part)
    return path[-1] in [field.name for field in msgspec.structs.fields(at)]
