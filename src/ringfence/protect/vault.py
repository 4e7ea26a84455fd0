"""Tokens in the place of values, which lie sealed in the records.  PCI DSS §3.5.1; NIST SP 800-38D."""

from ringfence.clock import Clock
from ringfence.ids import Random
from ringfence.protect.binding import Scope, bound
from ringfence.protect.envelope import GCM, Unopenable, open_random, read, seal
from ringfence.protect.indexes import Normalisation, index_of
from ringfence.protect.keyring import Keyring
from ringfence.protect.nonces import Nonces
from ringfence.protect.ports import Opened
from ringfence.protect.tokens import Form, new_token
from ringfence.store.interface import Unavailable
from ringfence.store.protection_model import VaultToken

_TRIES = 3
_WHOLE_HASH = 256


class Vault:
    """Makes tokens and opens them."""

    def __init__(self, records: Opened, keyring: Keyring, clock: Clock, random: Random) -> None:
        """Keep nothing itself."""
        self._records = records
        self._keyring = keyring
        self._clock = clock
        self._random = random
        self._nonces = Nonces(random)

    async def token(self, scope: Scope, value: str, form: Form, *, same: Normalisation | None) -> str:
        """Return the token of a value, kept before this returns.

        Args:
            scope: the field, with the purpose `token`.
            value: what it is to stand for.
            form: of the token.
            same: how values are compared that are to get the same token; None: each gets one of its own.

        Raises:
            Unavailable: the records or the signer are gone.
        """
        records = await self._records()
        index = "" if same is None else await self._index(scope, value, same)
        if index and (known := await records.token_of(scope.tenant, _field(scope), index)):
            return known
        key = await self._keyring.current(scope, "tokenise")
        for _ in range(_TRIES):
            token = new_token(form, value, self._random)
            sealed = seal(key.head, key.random, self._nonces.draw(), value.encode(), bound(scope, token))
            kept = await records.keep_token(
                VaultToken(
                    token=token,
                    tenant=scope.tenant,
                    field=_field(scope),
                    value_index=index,
                    sealed=sealed,
                    created_at=self._clock(),
                )
            )
            if kept:
                return kept
        raise Unavailable("tokens: no free one was found")

    async def value(self, scope: Scope, token: str) -> str:
        """Return what a token of this field and tenant stands for.

        Raises:
            Unopenable: there is no such token, or it is another's, or its record has been tampered with.
            Unavailable: the records or the signer are gone.
        """
        kept = await (await self._records()).vault_token(token)
        if kept is None or (kept.tenant, kept.field) != (scope.tenant, _field(scope)):
            raise Unopenable
        sealed = read(kept.sealed)
        if sealed is None or sealed.algorithm != GCM:
            raise Unopenable
        key = await self._keyring.named(scope, sealed.data_key, sealed.version)
        if key is None:
            await self._keyring.look_again(scope)
            key = await self._keyring.named(scope, sealed.data_key, sealed.version)
        if key is None:
            raise Unopenable
        return open_random(sealed, key.random, bound(scope, token)).decode()

    async def _index(self, scope: Scope, value: str, same: Normalisation) -> str:
        key = await self._keyring.current(scope._replace(purpose="token-index"), "index")
        return index_of(value, same, key.secret, _WHOLE_HASH)


def _field(scope: Scope) -> str:
    return f"{scope.resource}#{scope.field}@{scope.revision}"
