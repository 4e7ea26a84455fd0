"""Take a customer's own KEK, wrapped for us: RSA-OAEP around an AES key, which wraps theirs.  RFC 8017 §7.1; RFC 5649 §4; NIST SP 800-57 part 1 §8.1.5.2.

It is CKM_RSA_AES_KEY_WRAP of PKCS#11 with SHA-256, as cloud providers take keys (RSA_AES_KEY_WRAP_SHA_256). The RSA key is
made for one import and stands in the signer's memory only: a restart ends it, an attempt ends it, a day ends it.
"""

import asyncio
from typing import Any, Final

import msgspec
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap_with_padding
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ringfence.clock import Instant, Seconds
from ringfence.custody.wire import SignerRefused
from ringfence.ids import new_id
from ringfence.keys.keeper import Keeper
from ringfence.keys.purposes import PURPOSES, Kind, Use
from ringfence.keys.records import KeyRecord
from ringfence.keys.rotation import go_on, planned
from ringfence.keys.states import NotAllowed, State
from ringfence.keys.tenants import base_of, has_own_key, tenant_of

RSA_BITS: Final = 3072
KEY_BYTES: Final = 32
OFFER_SECONDS: Final[Seconds] = 86_400.0
MOST_OFFERS: Final = 16
"""Open at once: each is a key in memory, and some tenths of a second of work."""

ALGORITHM: Final = "RSA_AES_KEY_WRAP_SHA_256"

_OAEP: Final = padding.OAEP(padding.MGF1(SHA256()), SHA256(), None)


class Offer(msgspec.Struct, frozen=True):
    """A key that one import may be wrapped for."""

    purpose: str
    private: rsa.RSAPrivateKey
    expires_at: Instant

    def __repr__(self) -> str:
        """Return it without the key."""
        return f"Offer({self.purpose!r})"


class Imports:
    """Offers, and what comes in for them."""

    def __init__(self, keeper: Keeper) -> None:
        """Offer nothing yet."""
        self._keeper = keeper
        self._offers: dict[str, Offer] = {}

    async def offer(self, purpose: str) -> dict[str, Any]:
        """Return a public key (PEM) to wrap a KEK of a purpose for.

        Raises:
            SignerRefused: there is no such purpose, its keys wrap nothing, or too many offers are open.
            NotAllowed: the policy gives the tenant no key of its own, or makes its keys elsewhere than here.
        """
        self._judge(purpose)
        self._forget_old()
        if len(self._offers) >= MOST_OFFERS:
            raise SignerRefused("approval", f"{MOST_OFFERS} imports are under way already: use them, or wait a day")
        private = await asyncio.to_thread(rsa.generate_private_key, 65537, RSA_BITS)
        name, expires_at = new_id("import", self._keeper.random), Instant(self._keeper.clock() + OFFER_SECONDS)
        self._offers[name] = Offer(purpose, private, expires_at)
        pem = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        return {
            "import": name,
            "purpose": purpose,
            "algorithm": ALGORITHM,
            "public_key": pem.decode("ascii"),
            "expires_at": expires_at,
        }

    async def take(self, name: str, wrapped: bytes, by: str, why: str) -> KeyRecord:
        """Put an imported KEK in force and return it; what the one before it wraps is wrapped anew.

        Args:
            name: of the offer, which ends whatever comes of it.
            wrapped: the OAEP ciphertext (384 bytes), then the KEK of 32 bytes by AES key wrap with padding.
            by: who asked.
            why: kept with the key.

        Raises:
            SignerRefused: there is no such offer, or it does not unwrap to a KEK.
            NotAllowed: a rotation of the purpose is under way.
        """
        keeper = self._keeper
        self._forget_old()
        offer = self._offers.pop(name, None)
        if offer is None:
            raise SignerRefused(
                "unknown", "there is no such import: it has been used, has expired, or the signer was restarted"
            )
        self._judge(offer.purpose)
        secret = _unwrapped(offer.private, wrapped)
        provider = keeper.settings.provider_of(offer.purpose)
        async with keeper.moving[offer.purpose]:
            now = keeper.clock()
            if any(one.purpose == offer.purpose for one in keeper.ledger.journeys(unfinished=True)):
                raise NotAllowed("a rotation of this purpose is under way: wait for its end")
            said = f"imported: {why}"
            journey = planned(
                keeper,
                offer.purpose,
                Kind.AES256,
                provider,
                end_as=State.DEACTIVATED,
                activate_at=now,
                why=said,
                now=now,
            )
            backend = keeper.backends[provider]
            handle = await keeper.call(backend, backend.adopt, secret, Kind.AES256, journey.new)
            key = KeyRecord(
                key_id=journey.new,
                kid=journey.new,
                purpose=offer.purpose,
                kind=Kind.AES256,
                provider=provider,
                handle=handle,
                public=b"",
                state=State.PRE_ACTIVATION,
                created_at=now,
                activate_at=now,
                why=said,
                origin="imported",
            )
            keeper.ledger.begin_import(journey, key, by)
            keeper.changed(key)
            await go_on(keeper, journey, now, by)
        return keeper.ledger.key(key.key_id) or key

    def _judge(self, purpose: str) -> None:
        row, tenant = PURPOSES.get(base_of(purpose)), tenant_of(purpose)
        if row is None or row.use is not Use.WRAP:
            raise SignerRefused("unknown", "a KEK is imported for `data`, or for a tenant's `data@…`")
        if purpose != base_of(purpose) and not has_own_key(tenant, self._keeper.settings.tenants):
            raise NotAllowed("the policy gives this tenant no key of its own: signer.tenant_keys")
        if (provider := self._keeper.settings.provider_of(purpose)) != "local":
            raise NotAllowed(f"{provider} takes no keys from outside by us: signer.keep_local: [{base_of(purpose)}]")

    def _forget_old(self) -> None:
        now = self._keeper.clock()
        self._offers = {name: one for name, one in self._offers.items() if now < one.expires_at}


def _unwrapped(private: rsa.RSAPrivateKey, wrapped: bytes) -> bytes:
    """Return the KEK.  Raises SignerRefused, the same whatever is wrong."""
    size = private.key_size // 8
    try:
        between = private.decrypt(wrapped[:size], _OAEP)
        secret = aes_key_unwrap_with_padding(between, wrapped[size:]) if len(between) == KEY_BYTES else b""
    except (ValueError, InvalidUnwrap):
        secret = b""
    if len(secret) != KEY_BYTES:
        raise SignerRefused("malformed", f"it does not unwrap to a key of {KEY_BYTES} bytes: ask for another import")
    return secret
