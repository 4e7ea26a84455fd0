"""`ringfence protect`: what is protected where, and what becomes of a document. Both read the policy, and no key of yours."""

import asyncio
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import typer
from joserfc.jwk import RSAKey

from ringfence.app.trying import Tried, tried
from ringfence.cli.check import print_mistakes
from ringfence.cli.connection import DEFAULT_POLICY, REFUSED, AsJson, PolicyFile, fail
from ringfence.cli.tables import as_text, print_json, print_table
from ringfence.clock import system_clock
from ringfence.ids import system_random
from ringfence.policy.load import LoadedPolicy, PolicyMistakes, load
from ringfence.policy.operations import Operation
from ringfence.policy.protection_model import Protect
from ringfence.problem import Refused
from ringfence.proofs.encryption_key import EncryptionKey
from ringfence.protect.spots import Misfit

_group = typer.Typer(
    help="Fields and payloads that are protected.", epilog="Example: ringfence protect list", no_args_is_help=True
)

RSA_BITS = 2048
_SAID = Protect(at="/x", on="request", mode="mask")


def register(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(_group, name="protect")


@_group.command("list", epilog="Example: ringfence protect list CreatePayment --json")
def list_(
    operation: Annotated[
        str, typer.Argument(help="Its id, or API/VERSION/ID; all operations where none is named.", show_default="all")
    ] = "",
    policy: PolicyFile = DEFAULT_POLICY,
    as_json: AsJson = False,
) -> None:
    """List what each operation protects: in requests before your API gets them, in answers before the partner does."""
    loaded = _loaded(policy)
    found = [_named(loaded, operation)] if operation else list(loaded.table.operations)
    if as_json:
        print_json([_told(one) for one in found if operation or _protects(one)])
        return
    print_table(
        ("operation", "on", "field", "mode", "besides"),
        (row for one in found for row in _rows(one)),
        "No operation protects anything. See docs/protection.md.",
    )


@_group.command("try", epilog="Example: ringfence protect try CreatePayment payment.json")
def try_(
    operation: Annotated[str, typer.Argument(help="Its id, or API/VERSION/ID.")],
    file: Annotated[Path, typer.Argument(help="The body, JSON in clear; `-` reads it from standard input.")],
    on: Annotated[
        Literal["request", "answer"], typer.Option(help="What the body is. Answers: as your API's fields read opened.")
    ] = "request",
    scope: Annotated[list[str] | None, typer.Option(help="A scope of the caller's token; repeatable.")] = None,
    policy: PolicyFile = DEFAULT_POLICY,
    as_json: AsJson = False,
) -> None:
    """Show what your API, or the partner, would get of a body. Keys are made for this alone and thrown away: nothing of it opens later.

    Exits with 1 where a call with this body would be refused.
    """
    loaded = _loaded(policy)
    found = _named(loaded, operation)
    private = RSAKey.generate_key(RSA_BITS)
    key = EncryptionKey("trial", "RSA-OAEP-256", RSAKey.import_key(private.as_dict(private=False)))
    asked = (frozenset(scope or ()), key, loaded.policy, system_clock, system_random)
    try:
        result = asyncio.run(tried(found, _read(file), on, *asked))
    except Misfit:
        said = "field-unreadable" if on == "request" else "upstream-field"
        fail(f"A protected field stands where it is not looked for: {said}.", "See: ringfence protect list", REFUSED)
    except Refused as refused:
        fail(f"{file} is not JSON of one meaning: {refused.detail or refused.reason.value}", "", REFUSED)
    if as_json:
        told = {"fields": result.fields, "misfits": result.misfits, "document": msgspec.Raw(result.document)}
        typer.echo(_shown(msgspec.json.encode(told)))
    else:
        _print(result)
    if result.misfits:
        raise typer.Exit(REFUSED)


def _print(result: Tried) -> None:
    typer.echo(_shown(result.document))
    for field in result.fields:
        typer.echo(
            as_text(f"{field.at}: {field.mode}, {field.places} place{'' if field.places == 1 else 's'}"), err=True
        )
    for misfit in result.misfits:
        typer.echo(as_text(f"The schema does not take it: {misfit}"), err=True)


def _shown(document: bytes) -> str:
    """Return JSON with its digits as they are, and nothing in it that a terminal would obey."""
    text = msgspec.json.format(document, indent=2).decode()
    return "".join(c if c.isprintable() or c == "\n" else json.dumps(c)[1:-1] for c in text)


def _loaded(policy: Path) -> LoadedPolicy:
    try:
        return load(policy)
    except PolicyMistakes as mistakes:
        print_mistakes(mistakes)
        raise typer.Exit(REFUSED) from None


def _named(loaded: LoadedPolicy, name: str) -> Operation:
    found = [one for one in loaded.table.operations if name in {one.operation_id, _full(one)}]
    if len(found) != 1:
        names = ", ".join(_full(one) for one in found)
        fail(
            f"There are {len(found)} operations of that name." if found else f"There is no operation {as_text(name)}.",
            f"Write one of: {names}" if found else "See: ringfence protect list",
            REFUSED,
        )
    return found[0]


def _full(operation: Operation) -> str:
    return f"{operation.api}/{operation.version}/{operation.operation_id}"


def _protects(operation: Operation) -> bool:
    return bool(operation.protected or operation.demands.payload or operation.demands.answer_sealed)


def _told(operation: Operation) -> dict[str, Any]:
    return {
        "operation": operation.operation_id,
        "api": operation.api,
        "version": operation.version,
        "method": operation.method,
        "path": operation.template,
        "request_sealed": operation.demands.payload.profile if operation.demands.payload else None,
        "answer_sealed": operation.demands.answer_sealed or None,
        "fields": [
            {**msgspec.to_builtins(field.rule), "resource": field.resource, "field": field.name}
            if field.rule.mode != "seal"
            else {"at": field.rule.at, "on": "answer", "mode": "seal"}
            for field in operation.protected
        ],
    }


def _rows(operation: Operation) -> Iterator[tuple[str, str, str, str, str]]:
    name, demands = operation.operation_id, operation.demands
    if demands.payload is not None:
        places = "" if demands.payload.at == {"$": "$"} else " ".join(f"{a}→{b}" for a, b in demands.payload.at.items())
        yield name, "request", places or "(all of it)", "unsealed", demands.payload.profile
    for field in operation.protected:
        yield name, field.rule.on, field.rule.at, field.rule.mode, _besides(field.rule)
    if demands.answer_sealed:
        yield name, "answer", "(all of it)", "seal", demands.answer_sealed


def _besides(rule: Protect) -> str:
    """Return what a rule says beyond its place, direction and mode."""
    members = (name for name in rule.__struct_fields__ if name not in {"at", "on", "mode"})
    said = ((name, getattr(rule, name)) for name in members if getattr(rule, name) != getattr(_SAID, name))
    return " ".join(f"{name}={'+'.join(value) if isinstance(value, tuple) else value}" for name, value in said)


def _read(file: Path) -> bytes:
    try:
        return sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except OSError as error:
        fail(f"{file} cannot be read: {error.strerror}", "", REFUSED)
