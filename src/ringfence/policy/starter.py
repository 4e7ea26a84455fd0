"""Draft the first policy for an OpenAPI document: what `ringfence init` writes, as text."""

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from ringfence.policy.document import Document
from ringfence.policy.model import ScopeName, Waiver
from ringfence.policy.openapi import Declared

_WORD: Final = re.compile(r"[A-Za-z0-9]+")
_LONGEST_NAME: Final = 40
_EMPTY_WORDS: Final = frozenset({"api", "apis", "specification", "openapi", "the", "and", "of", "for"})
"""Words of a title that name nothing."""
_BASE_PATH: Final = re.compile(r"(/[A-Za-z0-9._~!$&'()*+,;=:@-]+)*")


class Asked(msgspec.Struct, frozen=True):
    """What the document itself demands of an operation."""

    scopes: tuple[str, ...]
    customer: bool
    """A customer has to consent; false where only the client's own credentials are named."""


class Start(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that the text is made of."""

    title: str
    api: str
    version: str
    openapi: str
    """Path of the document below the policy's directory."""
    upstream: str
    base_path: str
    public_port: int
    mtls_port: int
    scopes: Mapping[str, str]
    demands: Mapping[str, Asked]
    """By operation id."""
    waivers: tuple[Waiver, ...]


def title_of(document: Document) -> str:
    """Return the document's title on one line."""
    info = document.data.get("info")
    title = info.get("title") if isinstance(info, dict) else None
    return (_on_one_line(title) or "API")[:100] if title else "API"


def name_of(title: str) -> str:
    """Return a name for an API made from its title."""
    words = [w for w in _WORD.findall(title.lower()) if w not in _EMPTY_WORDS] or ["api"]
    name: str = words[0][:_LONGEST_NAME]
    for word in words[1:]:
        if len(name) + len(word) >= _LONGEST_NAME:
            break
        name += f"-{word}"
    return name


def version_of(document: Document) -> str:
    """Return `v4` for a document whose version is 4.0.0."""
    info = document.data.get("info")
    number = re.search(r"[0-9]+", str(info.get("version", ""))) if isinstance(info, dict) else None
    return f"v{number[0][:_LONGEST_NAME]}" if number else "v1"


def base_path_of(document: Document) -> str:
    """Return the path of the document's first server, where it can be a base path."""
    servers = document.data.get("servers")
    if isinstance(servers, list) and servers and isinstance(servers[0], dict):
        try:
            path = urlsplit(str(servers[0].get("url", ""))).path.rstrip("/")
        except ValueError:
            return ""
        if _BASE_PATH.fullmatch(path):
            return path
    return ""


def demands_of(document: Document, declared: Sequence[Declared], fallback: str) -> dict[str, Asked]:
    """Return what the document's `security` demands; `fallback` is the scope where it names none."""
    schemes = _schemes(document)
    return {one.operation_id: _asked(one, document, schemes, fallback) for one in declared}


def _asked(one: Declared, document: Document, schemes: Mapping[str, Any], fallback: str) -> Asked:
    demanded = one.raw.get("security", document.data.get("security", []))
    first = next((d for d in demanded if isinstance(d, dict) and d), {}) if isinstance(demanded, list) else {}
    scopes: list[str] = []
    clients_only = False
    for name, wanted in first.items():
        flows = _flows(schemes.get(name))
        clients_only = set(flows) == {"clientCredentials"}
        scopes += [s for s in wanted or () if isinstance(s, str) and flows and is_scope(s)]
    return Asked(tuple(dict.fromkeys(scopes)) or (fallback,), customer=not clients_only)


def is_scope(text: str) -> bool:
    """Say whether a word of the document can be a scope."""
    try:
        msgspec.convert(text, ScopeName)
    except msgspec.ValidationError:
        return False
    return True


def sentences(document: Document, scopes: Sequence[str], title: str) -> dict[str, str]:
    """Return each scope with the sentence for the consent page: the document's own where it has one."""
    described: dict[str, str] = {}
    for scheme in _schemes(document).values():
        for flow in _flows(scheme).values():
            if isinstance(flow, dict) and isinstance(flow.get("scopes"), dict):
                described.update({str(k): _on_one_line(v) for k, v in flow["scopes"].items() if v})
    return {scope: described.get(scope) or f"Use {title} on your behalf" for scope in scopes}


def _schemes(document: Document) -> Mapping[str, Any]:
    components = document.data.get("components")
    schemes = components.get("securitySchemes") if isinstance(components, dict) else None
    return schemes if isinstance(schemes, dict) else {}


def _flows(scheme: Any) -> Mapping[str, Any]:
    flows = scheme.get("flows") if isinstance(scheme, dict) and scheme.get("type") == "oauth2" else None
    return flows if isinstance(flows, dict) else {}


def _on_one_line(text: Any) -> str:
    """Return a text of the document without line breaks, and without characters that YAML does not take."""
    return "".join(c for c in " ".join(str(text).split()) if c.isprintable())


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def policy_text(start: Start) -> str:
    """Return `ringfence.yaml`, with comments."""
    usual = Counter(asked for asked in start.demands.values()).most_common(1)
    default = usual[0][0] if usual else Asked((start.api,), customer=True)
    scopes = "\n".join(f"    {_quoted(name)}: {_quoted(sentence)}" for name, sentence in start.scopes.items())
    return f"""\
# {start.title}: who may call it, how often, and what happens when something fails.
# `ringfence check` judges this file, `ringfence schema --manual` explains every member.
version: 1

# The authorization server's name. Partners reach it, and the API, under this host.
issuer: https://localhost:{start.public_port}

listeners:
  # Browsers, and partners that bind their tokens with DPoP.
  public:
    address: 127.0.0.1
    port: {start.public_port}
    tls: {{certificate: certs/server.pem, key: certs/server.key}}
  # Partners that bind their tokens to a client certificate.
  mtls:
    address: 127.0.0.1
    port: {start.mtls_port}
    tls: {{certificate: certs/server.pem, key: certs/server.key}}
    client_certificates: {{authorities: [certs/ca.pem]}}

oauth:
  login_title: {_quoted(start.title)}
  # Each scope with the sentence that customers read when they consent.
  scopes:
{scopes}

limits:
  # One client: twenty calls a second in the long run, forty at once.
  client: {{per: client, rate_per_second: 20, burst: 40}}
  # The same, where calls cost more the more detection has against the caller: up to five times as much.
  careful: {{per: client, rate_per_second: 20, burst: 40, adaptive: {{factor: 4}}}}

apis:
  - name: {_quoted(start.api)}
    versions:
      - name: {_quoted(start.version)}
        openapi: {_quoted(start.openapi)}
        base_path: {_quoted(start.base_path)}
        upstream: {{url: {_quoted(start.upstream)}}}
        # What every operation demands that says nothing else below. `risk`: from there on customers log in anew,
        # with a second factor; `ringfence risk show client:…` says what speaks against whom.
        defaults: {_demands(default)[:-1]}, limits: [client, careful], risk: {{step_up_at: 0.6}}}}
{_operations(start, default)}{_waivers(start.waivers)}
# What happens when something we depend on is gone. Nothing is let through unchecked.
on_outage:
  fast_state: refuse
  records: refuse
  events: spill
  upstream: refuse
"""


def _demands(asked: Asked) -> str:
    return f"{{scopes: [{', '.join(map(_quoted, asked.scopes))}], user: {'required' if asked.customer else 'any'}}}"


def _operations(start: Start, default: Asked) -> str:
    others = {name: asked for name, asked in start.demands.items() if asked != default}
    if not others:
        return ""
    lines = "".join(f"          {_quoted(name)}: {_demands(asked)}\n" for name, asked in others.items())
    why = "Taken from the document's `security`. `user: any`: a client may call it without a customer."
    return f"        # {why}\n        operations:\n{lines}"


def _waivers(waivers: Sequence[Waiver]) -> str:
    if not waivers:
        return ""
    lines = "".join(
        f"          - fault: {w.fault}\n            at: {_quoted(w.at)}\n            reason: {_quoted(w.reason)}\n"
        for w in waivers
    )
    why = "What is wrong in the document, and is tolerated. An auditor reads the reasons: make them yours."
    return f"        # {why}\n        waivers:\n{lines}"
