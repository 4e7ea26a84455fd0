"""`ringfence init`: a working installation for an API, made from its OpenAPI document."""

import os
from collections import defaultdict
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console

from ringfence.app.installing import create_keys
from ringfence.cli.check import print_accepted, print_mistakes
from ringfence.cli.tables import as_text
from ringfence.clock import system_clock
from ringfence.edge.files import replace_file
from ringfence.keys.ports import KeyUnusable
from ringfence.policy import starter
from ringfence.policy.crossref import url_problem
from ringfence.policy.document import Document, load_document
from ringfence.policy.load import PolicyMistakes, load
from ringfence.policy.mistakes import Mistake
from ringfence.policy.model import Api
from ringfence.policy.openapi import CompiledDocument, compile_document
from ringfence.policy.places import Places
from ringfence.policy.waivers import needed

_HOSTS = ("localhost", "127.0.0.1", "::1")
"""What the development certificate is for."""
_OTHERS_WRITE = 0o022

_SHOWN_FAULTS = 3
"""Places of one fault that are shown; a document has hundreds of some."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("init", epilog="Example: ringfence init mybank --openapi bank.yaml --upstream http://127.0.0.1:9000")(
        init
    )


def init(
    directory: Annotated[Path, typer.Argument(help="Where to make it.")],
    openapi: Annotated[Path, typer.Option(help="The API's OpenAPI 3.0 or 3.1 document, YAML or JSON.")],
    upstream: Annotated[str, typer.Option(help="Where the API answers: http://host:port, and a path if it has one.")],
    name: Annotated[str | None, typer.Option(help="The API's name. Default: from the document's title.")] = None,
    public_port: Annotated[int, typer.Option(min=1, max=65535, help="Port for browsers and DPoP.")] = 8443,
    mtls_port: Annotated[int, typer.Option(min=1, max=65535, help="Port for client certificates.")] = 8444,
    base_path: Annotated[
        str | None, typer.Option(help="Before each path. Default: the path of the document's first server.")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Write into a directory that is not empty. Keys that are there stay.")
    ] = False,
) -> None:
    """Write a policy, a development CA with a server certificate, and a signing key for an API.

    What is wrong in the document is reported with its JSON pointer, and tolerated only by a waiver that
    stands in the policy for everybody to read.
    """
    console = Console()
    errors = Console(stderr=True)
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())) and not force:
        errors.print(f"{directory} is not empty. Name another directory, or add --force.", markup=False)
        raise typer.Exit(1)
    try:
        document = load_document(openapi)
        compiled, start = draft(document, openapi, upstream, name, base_path, (public_port, mtls_port))
        write(directory, openapi, start)
        loaded = load(directory / "ringfence.yaml")
    except PolicyMistakes as found:
        print_mistakes(found)
        raise typer.Exit(1) from None
    except (OSError, KeyUnusable) as error:
        errors.print(f"{directory} cannot be written: {error}", markup=False, highlight=False, soft_wrap=True)
        raise typer.Exit(1) from None
    _print_faults(compiled, console)
    print_accepted(directory / "ringfence.yaml", loaded, console)
    _print_next(directory, start, console)


def draft(
    document: Document, openapi: Path, upstream: str, name: str | None, base_path: str | None, ports: tuple[int, int]
) -> tuple[CompiledDocument, starter.Start]:
    """Return what the document compiles to, and what the policy is to say.

    Raises:
        PolicyMistakes: an option cannot stand in a policy, or the document has a fault that nothing tolerates.
    """
    title = starter.title_of(document)
    api = _model(
        name or starter.name_of(title),
        {
            "name": starter.version_of(document),
            "openapi": f"openapi/{openapi.name}",
            "base_path": starter.base_path_of(document) if base_path is None else base_path.rstrip("/"),
            "upstream": {"url": upstream},
        },
        ports,
    )
    version = api.versions[0]
    compiled = compile_document(document, api.name, version, {})
    fatal = [f for f in compiled.faults if not f.tolerated]
    if fatal:
        raise PolicyMistakes(
            Mistake(str(openapi), 0, 0, f"{f.fault} at {f.at}: {f.message}", "repair the document") for f in fatal
        )
    exposed = [one for one in compiled.declared if one.operation_id in compiled.demands]
    demands = starter.demands_of(document, exposed, api.name)
    scopes = sorted({scope for asked in demands.values() for scope in asked.scopes}) or [api.name]
    return compiled, starter.Start(
        title=title,
        api=api.name,
        version=version.name,
        openapi=version.openapi,
        upstream=upstream,
        base_path=version.base_path,
        public_port=ports[0],
        mtls_port=ports[1],
        scopes=starter.sentences(document, scopes, title),
        demands=demands,
        waivers=needed(compiled.faults),
    )


def _model(name: str, version: dict[str, object], ports: tuple[int, int]) -> Api:
    """Return the API as the model takes it, so that what is written can be read again."""
    try:
        api = msgspec.convert({"name": name, "versions": [version]}, Api)
    except msgspec.ValidationError as error:
        raise PolicyMistakes([Mistake("the options", 0, 0, str(error), _EXAMPLES)]) from None
    if problem := url_problem(api.versions[0].upstream.url):
        raise PolicyMistakes([Mistake("the options", 0, 0, f"--upstream {problem}", _EXAMPLES)])
    if ports[0] == ports[1]:
        raise PolicyMistakes([Mistake("the options", 0, 0, "--public-port and --mtls-port are one", "choose two")])
    return api


_EXAMPLES = "for example --upstream http://127.0.0.1:9000 --name bank --base-path /open-banking/v4.0"


def write(directory: Path, openapi: Path, start: starter.Start) -> None:
    """Write everything; keys and certificates that are there stay.

    Nobody else can write what is made here, whatever the umask; a link that is there is replaced, not followed.
    """
    os.umask(os.umask(0) | _OTHERS_WRITE)
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "openapi").mkdir(exist_ok=True)
    target = directory / start.openapi
    if not (target.exists() and target.samefile(openapi)):
        replace_file(target, openapi.read_bytes())
    replace_file(directory / "ringfence.yaml", starter.policy_text(start).encode("utf-8"))
    where = Places(root=directory.absolute(), state=directory.absolute() / "state", keys=directory.absolute() / "keys")
    create_keys(where, directory / "certs", _HOSTS, "ES256", system_clock())


def _print_faults(compiled: CompiledDocument, console: Console) -> None:
    by_name = defaultdict(list)
    for fault in compiled.faults:
        by_name[fault.fault].append(fault)
    for name, found in by_name.items():
        for fault in found[:_SHOWN_FAULTS]:
            console.print(
                as_text(f"{name} at {fault.at}: {fault.message}"), markup=False, highlight=False, soft_wrap=True
            )
        if len(found) > _SHOWN_FAULTS:
            console.print(
                f"{name}: {len(found) - _SHOWN_FAULTS} more; `ringfence check --json` lists them", style="dim"
            )


def _print_next(directory: Path, start: starter.Start, console: Console) -> None:
    console.print()
    console.print("Next:", style="bold")
    for command, why in (
        (f"ringfence check {directory}/ringfence.yaml", "after each change of the policy"),
        (f"ringfence up --policy {directory}/ringfence.yaml", "start everything"),
        ("ringfence clients add --help", "register a partner's client"),
        (f"curl --cacert {directory}/certs/ca.pem https://localhost:{start.public_port}/", "see a refusal"),
    ):
        console.print(f"  {command}", markup=False, highlight=False, soft_wrap=True)
        console.print(f"      {why}", style="dim")
