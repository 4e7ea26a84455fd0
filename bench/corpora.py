"""Outside texts, hostile and harmless, read from the folder beside the project where it is there."""

import csv
import json
import re
import tarfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any, Final
from urllib.parse import parse_qsl, unquote_plus, urlsplit

import yaml

SHARED: Final = Path(__file__).resolve().parents[2] / "shared"
FAMILIES: Final = ("921", "930", "931", "932", "933", "934", "941", "942", "944")
"""Core rules about what arguments hold; the others are about the request's form."""
_SENTENCE: Final = re.compile(r"(?<=[.!?])\s+|\n+")
_MARKUP: Final = ("<", "`", "](", "**")


def parameters() -> Iterator[tuple[str, str]]:
    """Yield text and class of the parameter values; the class of harmless ones is `norm`."""
    with (SHARED / "data/httpparams_train.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            yield row["payload"], row["attack_type"]


def core_rule_cases() -> Iterator[tuple[str, list[str]]]:
    """Yield family and argument texts of the core rules' own attack cases that have arguments."""
    with tarfile.open(SHARED / "data/crs-regression-tests.tar.gz") as archive:
        for member in archive.getmembers():
            file = archive.extractfile(member) if member.name.endswith(".yaml") else None
            if file is None:
                continue
            family = PurePosixPath(member.name).parts[3].split("-")[1]
            for test in (yaml.safe_load(file.read()) or {}).get("tests", ()):
                for stage in test["stages"]:
                    wanted = stage.get("output", {}).get("log", {}).get("expect_ids")
                    if family in FAMILIES and wanted and (texts := _arguments(stage["input"])):
                        yield family, texts


def _arguments(stage: dict[str, Any]) -> list[str]:
    uri = str(stage.get("uri", ""))
    found = [part for pair in parse_qsl(urlsplit(uri).query, keep_blank_values=True) for part in pair]
    data = stage.get("data")
    if isinstance(data, str):
        kind = next((str(v) for k, v in (stage.get("headers") or {}).items() if k.lower() == "content-type"), "")
        if "json" in kind:
            try:
                found += strings(json.loads(data), names=True)
            except ValueError:
                found.append(data)
        elif "multipart" in kind or "xml" in kind:
            found.append(data)
        else:
            pairs = parse_qsl(data, keep_blank_values=True)
            found += [part for pair in pairs for part in pair] if pairs else [unquote_plus(data)]
    return [text for text in found if text]


def strings(value: Any, *, names: bool = False) -> Iterator[str]:
    """Yield all text in a JSON value, the names of members too where asked."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, inner in value.items():
            if names:
                yield str(name)
            yield from strings(inner, names=names)
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner, names=names)


def documents() -> Iterator[dict[str, Any]]:
    """Yield the public OpenAPI documents."""
    for path in sorted((SHARED / "openapi").iterdir()):
        raw = path.read_text()
        yield json.loads(raw) if path.suffix == ".json" else yaml.load(raw, Loader=yaml.CSafeLoader)


def json_requests() -> Iterator[Any]:
    """Yield the JSON request examples of the public documents."""
    for document in documents():
        for item in document["paths"].values():
            for operation in item.values():
                body = _found(operation.get("requestBody", {}), document) if isinstance(operation, dict) else {}
                for kind, media in body.get("content", {}).items():
                    if "json" in kind:
                        yield from _examples(media, document)


def _examples(media: dict[str, Any], document: dict[str, Any]) -> Iterator[Any]:
    if "example" in media:
        yield media["example"]
    for example in media.get("examples", {}).values():
        found = _found(example, document)
        if "value" in found:
            yield found["value"]


def _found(value: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in value:
        return value
    found: Any = document
    for part in value["$ref"].removeprefix("#/").split("/"):
        found = found[part.replace("~1", "/").replace("~0", "~")]
    return dict(found)


def sentences() -> list[str]:
    """Return what the public documents say in prose, a sentence each: harmless text about money, each once."""
    found: dict[str, None] = {}
    for document in documents():
        for text in _prose(document):
            for sentence in _SENTENCE.split(text):
                if 8 < len(sentence) < 200 and not any(mark in sentence for mark in _MARKUP):
                    found[sentence.strip()] = None
    return list(found)


def _prose(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            if name in {"description", "summary"} and isinstance(inner, str):
                yield inner
            else:
                yield from _prose(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _prose(inner)
