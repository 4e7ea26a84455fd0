"""Open a body that a partner sealed, before anything reads it.  RFC 7516 §5.2, §11.5; RFC 7519 §5.3.

Behind this step nobody can tell that it was sealed: schema, screening, rules and idempotency see the body in clear.
Whatever does not open is refused alike. The private key is the signer's, which gives a content key or a random one.
"""

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from ringfence.clock import Instant
from ringfence.gateway.bodies import declared_body
from ringfence.gateway.normal import parse_normal
from ringfence.gateway.ports import PayloadKeys
from ringfence.gateway.stages import Attested, Located
from ringfence.policy.payload import JSON, WHOLE
from ringfence.policy.payload_model import PayloadEncryption
from ringfence.problem import Reason, Refused
from ringfence.protect.partner_bodies import NoSuchPlace, at, content_of_json, taken
from ringfence.protect.partner_jwe import content_of, read
from ringfence.protect.partner_keys import NotOpened
from ringfence.protect.partner_profiles import KEY_BYTES, REQUESTS, Profile
from ringfence.strict_json import render

JOSE: Final = "application/jose"


async def open_payload(attested: Attested, keys: PayloadKeys, max_json_depth: int, now: Instant) -> Attested:
    """Return the call with its body in clear, where the operation has bodies sealed; an absent body stays absent.

    Raises:
        Refused: PAYLOAD_UNOPENED for whatever does not open; MEDIA_TYPE or JSON_… for what is no sealed body at all.
        Unavailable: the signer is gone.
    """
    identified = attested.limited.authorized.identified
    located = identified.located
    asked = located.operation.demands.payload
    if asked is None or not attested.body:
        return attested
    profile = REQUESTS[asked.profile]
    document, texts = _read(attested.body, located, asked, profile, max_json_depth)
    known = await keys.kids()
    try:
        sealed = [read(text, profile, frozenset(known), now) for text in texts.values()]
        for one in sealed:
            meant_here(one.says, identified.token.client_id, located.request.url, demanded=not profile.member)
        secrets = await asyncio.gather(*(keys.unwrap(known[s.kid], s.key, KEY_BYTES[s.enc]) for s in sealed))
        clear = [content_of(one, secret) for one, secret in zip(sealed, secrets, strict=True)]
        content = (
            clear[0] if asked.at == {WHOLE: WHOLE} else _put_together(document, dict(zip(texts, clear, strict=True)))
        )
    except NotOpened as why:
        raise _unopened(why.private) from None
    return Attested(attested.limited, content, content, signed_by=attested.signed_by, opened=True)


def meant_here(says: Mapping[str, Any], client_id: str, url: str, *, demanded: bool) -> None:
    """Return if a JWE was sealed by this client for this URL, as far as its header says.  RFC 7519 §5.3.  Raises NotOpened.

    The tag covers the header and its content key is known to whoever sealed it, so nobody else can say it for him.
    """
    if (demanded or "iss" in says) and says.get("iss") != client_id:
        raise NotOpened("sealed by somebody else")
    if (demanded or "aud" in says) and says.get("aud") != url:
        raise NotOpened("sealed for another operation")


def _read(
    body: bytes, located: Located, asked: PayloadEncryption, profile: Profile, max_json_depth: int
) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the body without what is sealed in it, and the sealed texts by where they go.  Raises Refused."""
    content_type = located.request.header("content-type") or ""
    if not profile.member:
        if content_type.partition(";")[0].strip().lower() != JOSE:
            raise Refused(Reason.MEDIA_TYPE, f"taken: {JOSE}")
        return {}, {WHOLE: body.decode("ascii", "replace")}
    if declared_body(content_type, located.operation).media_type != JSON:
        raise Refused(Reason.MEDIA_TYPE, f"taken: {JSON}")
    document = parse_normal(body, max_depth=max_json_depth)
    if not isinstance(document, dict):
        raise _unopened("the body is no object")
    texts: dict[str, str] = {}
    for place, target in asked.at.items():
        try:
            node = at(document, place, make=False)
        except NoSuchPlace:
            raise _unopened("nothing is sealed where it should be") from None
        text = node.get(profile.member)
        if len(node) != 1 or not isinstance(
            text, str
        ):  # nothing in clear beside it that could be taken for a part of it
            raise _unopened("nothing is sealed where it should be, or something beside it")
        taken(document, place)
        texts[target] = text
    return document, texts


def _put_together(document: dict[str, Any], contents: Mapping[str, bytes]) -> bytes:
    """Return the body with each content where it belongs; what stands there in clear is not mixed with it.  Raises NotOpened."""
    for target, content in contents.items():
        value = content_of_json(content)
        members = value if target == WHOLE else {target.rpartition(".")[2]: value}
        try:
            node = at(document, WHOLE if target == WHOLE else target.rpartition(".")[0] or WHOLE)
        except NoSuchPlace:
            raise NotOpened("there is no place for the content") from None
        if not isinstance(members, dict) or not node.keys().isdisjoint(members):
            raise NotOpened("something stands in clear where the content belongs")
        node.update(members)
    return render(document)


def _unopened(private: str) -> Refused:
    return Refused(Reason.PAYLOAD_UNOPENED, private=private)
