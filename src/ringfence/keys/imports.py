"""Take a customer's own KEK, wrapped for us: RSA-OAEP around an AES key, which wraps theirs.  RFC 8017 §7.1; RFC 5649 §4; NIST SP 800-57 part 1 §8.1.5.2.

It is CKM_RSA_AES_KEY_WRAP of PKCS#11 with SHA-256, as cloud providers take keys (RSA_AES_KEY_WRAP_SHA_256). The RSA key is
made for one import and stands in the signer's memory only: a restart ends it, an attempt ends it, a day ends it.
"""

import asyncio
from typing import Any, Final

import msgspec
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.cmac import CMAC
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap_with_padding
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ringfence.clock import Instant, Seconds
from ringfence.custody.wire import SignerRefused
from ringfence.ids import new_id
from ringfence.keys.compromise import Compromise
from ringfence.keys.keeper import Keeper
from ringfence.keys.purposes import PURPOSES, Kind, Use
from ringfence.keys.records import Journey, KeyRecord, Wish
from ringfence.keys.rotation import go_on, planned
from ringfence.keys.states import NotAllowed, State
from ringfence.keys.tenants import base_of, client_of, has_own_key, tenant_of

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

    def __init__(self, keeper: Keeper, compromise: Compromise) -> None:
        """Offer nothing yet; what is for all tenants waits for two approvals."""
        self._keeper = keeper
        self._compromise = compromise
        self._offers: dict[str, Offer] = {}
        self._waiting: dict[str, bytes] = {}
        compromise.on_import = self._approved

    async def offer(self, purpose: str, by: str) -> dict[str, Any]:
        """Return a public key (PEM) to wrap a KEK of a purpose for.

        Raises:
            SignerRefused: there is no such purpose, its keys wrap nothing, or too many offers are open.
            NotAllowed: the policy gives the tenant no key of its own, or makes its keys elsewhere than here.
        """
        self._judge(purpose)
        if not client_of(tenant_of(purpose)):
            self._compromise.demand_two(by)
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

    async def take(self, name: str, wrapped: bytes, by: str, why: str) -> KeyRecord | Wish:
        """Put an imported KEK in force and return it; what the one before it wraps is wrapped anew.

        One for more than a client's own is known to somebody outside from then on: a wish for it is returned, and two
        have to approve.

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
        if not client_of(tenant_of(offer.purpose)):
            before = await keeper.active(offer.purpose)
            wish = self._compromise.wish_to_import(before, by, f"{why} (check value {check_value(secret)})")
            self._waiting[wish.wish_id] = secret
            return wish
        async with keeper.moving[offer.purpose]:
            now = keeper.clock()
            journey, key = await self._adopt(offer.purpose, secret, by, why, now)
            await go_on(keeper, journey, now, by)
        return keeper.ledger.key(key.key_id) or key

    async def _approved(self, wish: Wish, by: str, now: Instant) -> Journey:
        """Put in force what two have approved; whoever calls holds `moving`."""
        secret = self._waiting.get(wish.wish_id)
        before = self._keeper.ledger.key(wish.key_id)
        if secret is None or before is None:
            raise SignerRefused("unknown", "the key is not held any more: the signer was restarted; import it again")
        self._judge(before.purpose)
        journey, _ = await self._adopt(before.purpose, secret, by, wish.why, now, wish)
        del self._waiting[wish.wish_id]
        return journey

    async def _adopt(
        self, purpose: str, secret: bytes, by: str, why: str, now: Instant, wish: Wish | None = None
    ) -> tuple[Journey, KeyRecord]:
        """Write down that a KEK is to be put in force, and the wish for it fulfilled; one transaction."""
        keeper = self._keeper
        if any(one.purpose == purpose for one in keeper.ledger.journeys(unfinished=True)):
            raise NotAllowed("a rotation of this purpose is under way: wait for its end")
        said, provider = f"imported: {why}", keeper.settings.provider_of(purpose)
        journey = planned(
            keeper, purpose, Kind.AES256, provider, end_as=State.DEACTIVATED, activate_at=now, why=said, now=now
        )
        backend = keeper.backends[provider]
        handle = await keeper.call(backend, backend.adopt, secret, Kind.AES256, journey.new)
        key = KeyRecord(
            key_id=journey.new,
            kid=journey.new,
            purpose=purpose,
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
        with keeper.ledger.change():
            keeper.ledger.begin_import(journey, key, by)
            if wish is not None:
                keeper.ledger.fulfil_wish(wish.wish_id, journey.journey_id, now)
        keeper.changed(key)
        return journey, key

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
        wishes = {one.wish_id for one in self._keeper.ledger.wishes() if one.done_at is None and now < one.expires_at}
        self._waiting = {name: secret for name, secret in self._waiting.items() if name in wishes}


def check_value(secret: bytes) -> str:
    """Return what both sides know an AES key by without telling it: CMAC of a block of zeros, 3 bytes (ANSI X9.24-1)."""
    code = CMAC(AES(secret))
    code.update(bytes(16))
    return code.finalize()[:3].hex().upper()


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
