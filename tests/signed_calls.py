"""A client that signs messages, written from RFC 9421, RFC 7515 and RFC 7797 without any of our code or its packages."""

import base64
import hashlib
import json
from collections.abc import Callable, Sequence
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

Headers = tuple[tuple[str, str], ...]

OB = "http://openbanking.org.uk/"


def b64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


class ClientKey:
    """An EC key that a client has registered."""

    def __init__(self, kid: str) -> None:
        self.kid = kid
        self.private = ec.generate_private_key(ec.SECP256R1())

    @property
    def jwk(self) -> dict[str, str]:
        numbers = self.private.public_key().public_numbers()
        x, y = (b64url(n.to_bytes(32, "big")) for n in (numbers.x, numbers.y))
        return {"kty": "EC", "crv": "P-256", "x": x, "y": y, "kid": self.kid, "alg": "ES256", "use": "sig"}

    def sign(self, data: bytes) -> bytes:
        r, s = decode_dss_signature(self.private.sign(data, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def content_digest(body: bytes, algorithm: str = "sha-256") -> str:
    return f"{algorithm}=:{b64(hashlib.new(algorithm.replace('-', ''), body).digest())}:"


def base(method: str, url: str, headers: Headers, covered: Sequence[str], params: str) -> str:
    """The signature base of RFC 9421 §2.5."""
    rest = url.partition("://")[2]
    authority, slash, tail = rest.partition("/")
    path, mark, query = (slash + tail).partition("?")
    derived = {
        "@method": method,
        "@target-uri": url,
        "@authority": authority.lower(),
        "@path": path,
        "@query": mark + query,
    }
    lines = []
    for name in covered:
        value = derived.get(name)
        if value is None:
            value = ", ".join(v.strip() for n, v in headers if n == name)
        lines.append(f'"{name}": {value}')
    return "\n".join([*lines, f'"@signature-params": {params}'])


def signed(
    key: ClientKey,
    method: str,
    url: str,
    headers: Headers,
    body: bytes = b"",
    *,
    created: float,
    covered: Sequence[str] | None = None,
    extra: str = "",
    tag: str = "fapi-2-request",
    label: str = "sig1",
    keyid: str | None = None,
    sign: Callable[[bytes], bytes] | None = None,
) -> Headers:
    """Return the headers with a signature as the profile wants it; every part can be made otherwise."""
    names = [name for name, _ in headers]
    if body and "content-digest" not in names:
        headers = (*headers, ("content-digest", content_digest(body)))
    if covered is None:
        has = [name for name, _ in headers]
        covered = [
            "@method",
            "@target-uri",
            "authorization",
            *(["dpop"] if "dpop" in has else []),
            *(["content-digest"] if "content-digest" in has else []),
        ]
    listed = " ".join(f'"{name}"' for name in covered)
    params = f'({listed});created={int(created)};keyid="{keyid or key.kid}"{extra};tag="{tag}"'
    signature = (sign or key.sign)(base(method, url, headers, covered, params).encode())
    return (*headers, ("signature-input", f"{label}={params}"), ("signature", f"{label}=:{b64(signature)}:"))


def compact(key: ClientKey, payload: Any, **header: Any) -> bytes:
    """A compact JWS."""
    content = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    head = {name: value for name, value in {"alg": "ES256", "kid": key.kid, **header}.items() if value is not None}
    signing_input = f"{b64url(json.dumps(head).encode())}.{b64url(content)}".encode()
    return signing_input + b"." + b64url(key.sign(signing_input)).encode()


def detached(key: ClientKey, body: bytes, *, iat: float, iss: str, old: bool = False, **header: Any) -> str:
    """`x-jws-signature`, in the form of version 3.1.4 and later or, `old`, the one before."""
    claims = {f"{OB}iat": int(iat), f"{OB}iss": iss, f"{OB}tan": "openbanking.org.uk"}
    head: dict[str, Any] = {"alg": "ES256", "kid": key.kid, "typ": "JOSE", "cty": "application/json", **claims}
    head["crit"] = [*claims]
    if old:
        head["b64"] = False
        head["crit"] = ["b64", *claims]
    head = {name: value for name, value in {**head, **header}.items() if value is not None}
    encoded = b64url(json.dumps(head).encode())
    payload = body if old else b64url(body).encode()
    return f"{encoded}..{b64url(key.sign(encoded.encode() + b'.' + payload))}"
