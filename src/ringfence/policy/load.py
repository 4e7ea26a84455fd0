"""Load a policy with everything that it names, or tell every mistake in it.

Nothing is started, opened or fetched here beyond reading the policy file and its OpenAPI documents.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import msgspec

from ringfence.policy.cedar import Cedar, compile_cedar, read_cedar
from ringfence.policy.crossref import cross_references
from ringfence.policy.details import resolve
from ringfence.policy.document import load_document
from ringfence.policy.ext_authz import ext_authz_mistakes
from ringfence.policy.faults import DocumentFault
from ringfence.policy.links import link_mistakes
from ringfence.policy.mistakes import Mistake, PolicyMistakes, choose
from ringfence.policy.model import Api, ApiVersion, Policy
from ringfence.policy.openapi import CompiledDocument, compile_document
from ringfence.policy.operations import OperationTable
from ringfence.policy.payload import payload_mistakes
from ringfence.policy.places import Places, places
from ringfence.policy.protection import protection_mistakes
from ringfence.policy.registration import resolve_registration
from ringfence.policy.routes import Conflict, RouteTable
from ringfence.policy.signals import resolve_signals
from ringfence.policy.signatures import unmet_demands
from ringfence.policy.structure import read_policy
from ringfence.policy.templates import InvalidTemplate, Segment, overlap, read_template
from ringfence.policy.waivers import judge
from ringfence.policy.yaml_source import MAX_FILE_BYTES, Source, read_yaml
from ringfence.policy.yaml_source import Path as At

__all__ = ["LoadedPolicy", "Mistake", "PolicyMistakes", "load"]

_SHOWN_FAULTS = 5
"""Faults of one name that are told one by one; the rest are counted."""


class LoadedPolicy(msgspec.Struct, frozen=True):
    """A policy that can be started with."""

    policy: Policy
    places: Places
    digest: str
    """SHA-256 in hex over the policy file and every OpenAPI document."""
    table: OperationTable
    waived: tuple[DocumentFault, ...]
    """Faults of the documents that the policy tolerates."""
    schema_files: tuple[Path, ...] = ()
    """Files beside the documents whose content counts: of authorization details, registration, transmitters and Cedar."""
    cedar: Cedar | None = None
    """What calls are decided by besides, where the policy names it."""


def load(path: Path, *, keep: bool = False) -> LoadedPolicy:
    """Return the policy in a file, its documents compiled; with `keep`, so that its schemas can be compared.

    Raises:
        PolicyMistakes: with every mistake that was found, each with file, line, column and what to write instead.
    """
    raw = _read(path)
    source = read_yaml(raw, str(path))
    policy = read_policy(source)
    where = places(policy, path.absolute().parent)
    loader = _Loader(policy, where, source, keep=keep)
    return loader.load(raw)


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        instead = "name the file, or make one with `ringfence init`"
        raise PolicyMistakes([Mistake(str(path), 0, 0, f"cannot be read: {error.strerror}", instead)]) from None


class _Loader:
    """One run: collects mistakes, and what the documents come to."""

    def __init__(self, policy: Policy, where: Places, source: Source, *, keep: bool) -> None:
        self.keep = keep
        self.resolved = resolve(policy, where, source)
        self.registration = resolve_registration(self.resolved.policy, where, source)
        self.signals = resolve_signals(self.registration.policy, where, source)
        self.policy = policy = self.signals.policy
        self.where = where
        self.source = source
        self.mistakes = [*cross_references(policy, where, source), *self.resolved.mistakes]
        self.mistakes += [*self.registration.mistakes, *self.signals.mistakes]
        self.cedar, unread = read_cedar(policy, where, source)
        self.mistakes += unread
        self.table = RouteTable()
        self.waived: list[DocumentFault] = []
        self.placed: list[tuple[At, ApiVersion, CompiledDocument]] = []

    def load(self, raw: bytes) -> LoadedPolicy:
        digest = hashlib.sha256(hashlib.sha256(raw).digest())
        own = (hashlib.sha256(file.text.encode()).digest() for file in self.cedar)
        for part in (*self.resolved.digests, *self.registration.digests, *self.signals.digests, *own):
            digest.update(part)
        for at, api, version in self.versions():
            try:
                document = load_document(self.where.file(version.openapi))
            except PolicyMistakes as found:
                self.tell((*at, "openapi"), f"the document {version.openapi} cannot be used", "see its own mistakes")
                self.mistakes.extend(found.mistakes)
                continue
            digest.update(bytes.fromhex(document.sha256))
            compiled = compile_document(document, api.name, version, self.policy.limits, keep=self.keep)
            self.faults(at, version, compiled)
            self.demands(at, version, compiled)
            for below, message, instead in link_mistakes(self.policy, version, document, compiled):
                self.tell((*at, *below), message, instead)
            for below, message, instead in protection_mistakes(version, document, compiled, self.policy.oauth.scopes):
                self.tell((*at, *below), message, instead)
            for below, message, instead in payload_mistakes(self.policy, version, compiled):
                self.tell((*at, *below), message, instead)
            for below, message, instead in ext_authz_mistakes(self.policy, compiled.operations):
                self.tell((*at, *below), message, instead)
            self.place(at, version, compiled)
        if not self.mistakes:  # otherwise operations are missing that Cedar policies may name
            cedar, self.mistakes = compile_cedar(self.policy, self.cedar, self.table.operations, self.source)
        if self.mistakes:
            raise PolicyMistakes(self.mistakes)
        files = (*self.resolved.files, *self.registration.files, *self.signals.files, *self.of_cedar())
        return LoadedPolicy(self.policy, self.where, digest.hexdigest(), self.table, tuple(self.waived), files, cedar)

    def of_cedar(self) -> Iterator[Path]:
        """Yield what has to be looked at for changes: the files, and the directory for those to come."""
        if self.policy.authorization is not None:
            yield from dict.fromkeys((self.where.file(self.policy.authorization.cedar), *(f.path for f in self.cedar)))

    def versions(self) -> Iterator[tuple[At, Api, ApiVersion]]:
        for api_index, api in enumerate(self.policy.apis):
            for index, version in enumerate(api.versions):
                yield ("apis", api_index, "versions", index), api, version

    def tell(self, at: At, message: str, instead: str, *, key: bool = False) -> None:
        self.mistakes.append(self.source.mistake(at, message, instead, key=key))

    def faults(self, at: At, version: ApiVersion, compiled: CompiledDocument) -> None:
        """Hold the document's faults against the waivers, and compile what is left."""
        judged = judge(compiled.faults, version.waivers)
        self.waived += judged.waived
        by_name: dict[str, list[DocumentFault]] = defaultdict(list)
        for fault in judged.open:
            by_name[fault.fault].append(fault)
        for found in by_name.values():
            for fault in found[:_SHOWN_FAULTS]:
                instead = f'repair it, or add a waiver: {{fault: {fault.fault}, at: "{fault.at}", reason: …}} ({fault.tolerated})'
                message = f"{fault.fault} at {fault.at} of {version.openapi}: {fault.message}"
                self.tell((*at, "openapi"), message, instead if fault.tolerated else "repair the document")
            if len(found) > _SHOWN_FAULTS:
                more = f"{found[0].fault}: {len(found) - _SHOWN_FAULTS} more of these in {version.openapi}"
                self.tell((*at, "openapi"), more, "a waiver's `at` may end in `/*`")
        for index, why, instead in judged.idle:
            self.tell((*at, "waivers", index), why, instead)
        for problem in compiled.uncompiled:
            self.tell((*at, "openapi"), f"a schema of {version.openapi} does not compile: {problem}", "repair it")

    def demands(self, at: At, version: ApiVersion, compiled: CompiledDocument) -> None:
        """Look for demands on operations that are not there, and for operations that nothing is demanded of."""
        known = [name for one in compiled.declared for name in one.names]
        for name in version.operations:
            if name not in known:
                self.tell(
                    (*at, "operations", name),
                    f"{version.openapi} has no operation `{name}`",
                    choose(name, known),
                    key=True,
                )
        silent = [i for i, asked in compiled.demands.items() if asked.scopes is None]
        if silent:
            shown = ", ".join(f"`{i}`" for i in silent[:_SHOWN_FAULTS])
            shown += f" and {len(silent) - _SHOWN_FAULTS} more" if len(silent) > _SHOWN_FAULTS else ""
            self.tell((*at, "defaults"), f"no scopes are demanded of {shown}", "write `scopes` under `defaults`")
        for name, message, instead in unmet_demands(compiled.operations, compiled.demands):
            declared = next(one for one in compiled.declared if one.operation_id == name)
            own = next((n for n in declared.names if n in version.operations), None)
            self.tell((*at, "operations", own) if own else (*at, "defaults"), message, instead)
        for one in compiled.declared:
            asked = compiled.demands.get(one.operation_id)
            if asked is not None and asked.scopes == () and asked.user != "any":
                own = next((n for n in one.names if n in version.operations), None)
                place = (*at, "operations", own) if own else (*at, "defaults")
                self.tell(
                    place, f"`{one.operation_id}` demands a customer but no scope", "name a scope, or write `user: any`"
                )

    def place(self, at: At, version: ApiVersion, compiled: CompiledDocument) -> None:
        """Put the operations into the table, unless an earlier version answers to some of their paths."""
        for other_at, other, earlier in self.placed:
            clash = _first_overlap(version, compiled, other, earlier)
            if clash:
                other_name = self.policy.apis[other_at[1]].name  # type: ignore[index]  # the second part is an index
                self.tell(
                    (*at, "base_path") if version.base_path else at,
                    f"`{clash[0]}` answers to the same paths as `{clash[1]}` of {other_name} {other.name}",
                    "write a `base_path` of its own",
                )
                return
        self.placed.append((at, version, compiled))
        try:
            for operation in compiled.operations:
                self.table.add(operation, version.base_path)
            for method, template in compiled.hidden:
                self.table.hide(method, template, version.base_path)
        except (Conflict, InvalidTemplate) as error:
            self.tell(at, f"two operations answer to the same calls: {error}", "write a `base_path` of its own")


def _first_overlap(
    a: ApiVersion, a_compiled: CompiledDocument, b: ApiVersion, b_compiled: CompiledDocument
) -> tuple[str, str] | None:
    """Return two paths, one of each version, that some call could mean both."""
    if not overlap_possible(a.base_path, b.base_path):
        return None
    paths_a = _paths(a_compiled)
    return next(((x, y) for y, sy in _paths(b_compiled).items() for x, sx in paths_a.items() if overlap(sx, sy)), None)


def overlap_possible(a: str, b: str) -> bool:
    """Say whether paths below two base paths could be the same."""
    return (a + "/").startswith(b + "/") or (b + "/").startswith(a + "/")


def _paths(compiled: CompiledDocument) -> dict[str, tuple[Segment, ...]]:
    templates = {o.template for o in compiled.operations} | {template for _, template in compiled.hidden}
    return {t: read_template(t) for t in sorted(templates)}
