"""Signs security events with a real RSA key in this process, as the signer does over its socket."""

import functools
from collections.abc import Mapping
from typing import Any

import msgspec

from ringfence.ids import system_random
from ringfence.keys.providers.sealed import SealedKeys
from ringfence.keys.purposes import PURPOSES
from ringfence.keys.ring import compact, frame_of, kid_of, public_key, published

KIND = PURPOSES["set"].kind


@functools.cache
def _key() -> tuple[SealedKeys, bytes]:
    keys = SealedKeys(b"r" * 32, system_random)
    return keys, keys.generate(KIND, "set")


class LocalSets:
    """Satisfies `oauth.sets.SetSigner`."""

    async def sign(self, claims: Mapping[str, Any]) -> str:
        keys, handle = _key()
        kid = kid_of(keys.public(handle))
        signed = frame_of(msgspec.json.encode(claims), typ="secevent+jwt", algorithm=KIND.value, kid=kid)
        return compact(signed, keys.sign(handle, signed))

    async def public_jwks(self) -> dict[str, Any]:
        keys, handle = _key()
        spki = keys.public(handle)
        return published([public_key(spki)], {kid_of(spki): KIND.value})
