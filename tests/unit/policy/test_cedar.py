"""Cedar policies beside a policy: read, held against its operations, and refused with file, line and what to write."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ringfence.policy.cedar import Cedar
from ringfence.policy.diff import compare
from ringfence.policy.load import LoadedPolicy, PolicyMistakes, load

Installation = Callable[..., Path]
BANK = """\
openapi: 3.0.3
info: {title: Bank, version: 1.0.0}
security: [{o: []}]
paths:
  /accounts:
    get: {operationId: getAccounts, responses: {'200': {description: ok}}}
  /payments:
    post:
      operationId: pay
      requestBody:
        required: true
        content: {application/json: {schema: {type: object, properties: {amount: {type: string}, currency: {type: string}}}}}
      responses: {'201': {description: ok}}
"""
DEFAULTS = "defaults: {scopes: [pay], limits: [client]}"
PAY = "        operations: {pay: {facts: {amount: /amount, currency: /currency}}}"
PERMIT = '@id("all") permit(principal, action, resource);'


@pytest.fixture
def write(installation: Installation) -> Callable[..., Path]:
    """Write a policy that names the directory `policies`, with these files in it."""

    def run(*files: str, mode: str = "enforce", cedar: str = "policies") -> Path:
        path = installation(
            ("apis:\n", f"authorization: {{cedar: {cedar}, mode: {mode}}}\napis:\n"),
            (DEFAULTS, f"{DEFAULTS}\n{PAY}"),
            bank=BANK,
        )
        folder = path.parent / "policies"
        folder.mkdir(exist_ok=True)
        for old in folder.iterdir():
            old.unlink()
        for index, text in enumerate(files):
            (folder / f"{index}.cedar").write_text(text)
        return path

    return run


def cedar(loaded: LoadedPolicy) -> Cedar:
    assert loaded.cedar is not None
    return loaded.cedar


def told(path: Path) -> list[tuple[str, int, int, str, str]]:
    with pytest.raises(PolicyMistakes) as found:
        load(path)
    return [(Path(m.file).name, m.line, m.column, m.message, m.instead) for m in found.value.mistakes]


def test_a_policy_without_cedar_loads_no_engine(installation: Installation, monkeypatch: Any) -> None:
    monkeypatch.setitem(sys.modules, "cedarpy", None)
    assert load(installation()).cedar is None


def test_without_the_package_it_says_what_to_install(write: Callable[..., Path], monkeypatch: Any) -> None:
    monkeypatch.setitem(sys.modules, "cedarpy", None)
    ((file, line, _, message, instead),) = told(write(PERMIT))
    assert (file, message) == ("ringfence.yaml", "the package cedarpy is not installed")
    assert line > 0
    assert "ringfence[cedar]" in instead


def test_policies_of_all_files_are_one_set_with_their_own_names(write: Callable[..., Path]) -> None:
    two = '// first\n@id("a") permit(principal, action, resource);\n@id("b") forbid(principal, action, resource);'
    loaded = load(write(two, '@id("c") forbid(principal, action, resource) when { context.binding == "mtls" };'))
    found = cedar(loaded)
    assert found.names == {"policy0": "a", "policy1": "b", "policy2": "c"}
    assert (found.used, found.shadow) == ({"binding"}, False)
    folder = loaded.places.root / "policies"
    assert loaded.schema_files == (folder, folder / "0.cedar", folder / "1.cedar")
    assert cedar(load(write(PERMIT, mode="shadow"))).shadow


def test_one_file_can_be_named_and_the_digest_covers_it(write: Callable[..., Path]) -> None:
    path = write(PERMIT, cedar="policies/0.cedar")
    loaded = load(path)
    assert loaded.schema_files == (path.parent / "policies" / "0.cedar",)
    (path.parent / "policies" / "0.cedar").write_text(PERMIT + " // changed")
    assert load(path).digest != loaded.digest


BEFORE = f"{PERMIT}\n\n"


@pytest.mark.parametrize(
    ("text", "line", "column", "message", "instead"),
    [
        ('@id("x") permit(principal,\n action == , resource);', 4, 12, "unexpected token `,`", "syntax"),
        ('@id("x") permit(principal, action, resource)', 3, 44, "unexpected end of input", "end the policy with `;`"),
        ('@id("x") allow(principal, action, resource);', 3, 10, "invalid policy effect: allow", "write `permit`"),
        ("permit(principal, action, resource);", 3, 1, "the policy has no id", "begin with `@id("),
        ('@id("a b") permit(principal, action, resource);', 3, 1, "the policy has no id", "begin with `@id("),
        ('@id("all") permit(principal, action, resource);', 3, 1, "two policies have the id `all`", "another id"),
        ('@id("x") permit(principal == ?principal, action, resource);', 3, 1, "a template decides nothing", "write the policy out"),
        ('@id("x") permit(principal,\n  action == Action::"bank/v1/getAccount", resource);', 4, 13,
         'unrecognized action `Action::"bank/v1/getAccount"`', 'write `Action::"bank/v1/getAccounts"`'),
        ('@id("x") permit(principal, action, resource)\n when { context.scope.contains("a") };', 4, 17,
         "attribute `scope` in context", "write `scopes`"),
        ('@id("x") permit(principal, action, resource)\n when { context.amount_minor > 5 };', 4, 17,
         "attribute `amount_minor` in context", "declare `amount` and `currency` under the operation's `facts`"),
        ('@id("x") forbid(principal, action, resource) when { context.login_age > 300 };', 3, 61,
         "unable to guarantee safety of access to optional attribute `login_age`", "write `context has login_age && …`"),
        ('@id("x") permit(principal == Usr::"u", action, resource);', 3, 30, "unrecognized entity type `Usr`", "write `User`"),
        ('@id("x") permit(principal, action, resource == Account::"a");', 3, 1, "unable to find an applicable action",
         "resource == Api::"),
        ('@id("x") permit(principal, action, resource) when { context.binding == 5 };', 3, 1,
         "the types Long and String are not compatible", "syntax"),
        ('@id("x") permit(principal, action, resource) when { context["amount\\u{5f}minor"] > 5 };', 3, 1,
         "attribute `amount_minor` in context", "declare"),
    ],
)  # fmt: skip
def test_a_mistake_has_its_place_and_what_to_write_instead(
    write: Callable[..., Path], text: str, line: int, column: int, message: str, instead: str
) -> None:
    ((file, *place, found, other),) = told(write(PERMIT.replace("all", "first"), BEFORE + text))
    assert (file, place) == ("1.cedar", [line, column]), found
    assert message in found
    assert instead in other


def test_all_mistakes_are_told_at_once(write: Callable[..., Path]) -> None:
    both = '@id("x") permit(principal, action, resource) when { context.a > 1 };\n' * 2
    assert [line for _, line, *_ in told(write(both.replace("x", "y", 1)))] == [1, 2]
    assert [line for _, line, *_ in told(write("permit();\npermit();"))] == [1, 2]


def test_the_operations_with_the_fact_may_use_it(write: Callable[..., Path]) -> None:
    limit = '@id("x") permit(principal, action == Action::"bank/v1/pay", resource) when { context.amount_minor < 5 };'
    assert cedar(load(write(limit))).used == {"amount_minor"}


@pytest.mark.parametrize("files", [(), ("// nothing\n",)])
def test_no_policies_let_nobody_through_and_are_a_mistake(write: Callable[..., Path], files: tuple[str, ...]) -> None:
    ((file, _, _, message, instead),) = told(write(*files))
    assert file == "ringfence.yaml"
    assert "nobody would get through" in message
    assert "permit" in instead


def test_what_cannot_be_read_is_a_mistake_of_the_policy_file(write: Callable[..., Path]) -> None:
    assert "cannot be read: No such file" in told(write(cedar="elsewhere"))[0][3]
    path = write(PERMIT)
    (path.parent / "policies" / "0.cedar").write_bytes(b"\xff")
    ((file, _, _, message, _),) = told(path)
    assert file == "ringfence.yaml"
    assert "cannot be used" in message


def test_the_callers_country_needs_a_database(write: Callable[..., Path]) -> None:
    abroad = PERMIT + '@id("x") forbid(principal, action, resource) when { context has caller_country };'
    ((file, _, _, _, instead),) = told(write(abroad))
    assert (file, instead) == ("ringfence.yaml", "name a database under `geo`")


def test_a_changed_file_may_be_looser_and_no_file_is_overlooked(write: Callable[..., Path]) -> None:
    def differing(*files: str, mode: str = "enforce") -> list[tuple[str, str, str]]:
        old = load(write(PERMIT, '@id("x") forbid(principal, action, resource);'), keep=True)
        return [(d.direction, d.place, d.what) for d in compare(old, load(write(*files, mode=mode), keep=True))]

    other = '@id("x") forbid(principal, action, resource);'
    assert differing(PERMIT, other) == []
    assert differing(PERMIT, other + "\n") == [("unclear", "authorization.cedar", "1.cedar has changed")]
    assert differing(PERMIT) == [("unclear", "authorization.cedar", "1.cedar is gone")]
    more = '@id("y") forbid(principal, action, resource);'
    assert differing(PERMIT, other, more) == [("unclear", "authorization.cedar", "2.cedar is new")]
    assert differing(PERMIT, other, mode="shadow") == [("looser", "authorization.mode", "shadow now, was enforce")]


def test_policies_that_are_there_are_stricter_and_their_end_is_looser(
    installation: Installation, write: Callable[..., Path]
) -> None:
    held, free = load(write(PERMIT), keep=True), load(installation(bank=BANK), keep=True)
    assert ("stricter", "authorization", "is there now") in [
        (d.direction, d.place, d.what) for d in compare(free, held)
    ]
    assert ("looser", "authorization", "is gone") in [(d.direction, d.place, d.what) for d in compare(held, free)]
