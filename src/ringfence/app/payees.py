"""The known payees of an installation, under a key that is made when somebody first asks for them."""

from ringfence.app.key_file import ensure_key
from ringfence.clock import Instant
from ringfence.ids import Random
from ringfence.policy.places import Places
from ringfence.store.embedded.lmdb_payees import KEY_BYTES, LmdbPayees
from ringfence.store.interface import Unavailable


class FilePayees:
    """`Payees` that are opened at first use: most policies have no rule about them."""

    def __init__(self, where: Places, random: Random) -> None:
        """Open nothing yet."""
        self._where = where
        self._random = random
        self._opened: LmdbPayees | None = None

    def since(self, payer: str, account: str, now: Instant) -> Instant | None:
        """Return when the first payment succeeded.  Raises Unavailable."""
        return self._open().since(payer, account, now)

    async def paid(self, payer: str, account: str, now: Instant, expires_at: Instant) -> None:
        """Note a payment.  Raises Unavailable."""
        await self._open().paid(payer, account, now, expires_at)

    async def sweep(self, now: Instant) -> int:
        """Remove some payees that count no more, where there are any.  Raises Unavailable."""
        return await self._open().sweep(now) if self._where.payees.exists() else 0

    def close(self) -> None:
        """Let go of the file."""
        if self._opened is not None:
            self._opened.close()

    def _open(self) -> LmdbPayees:
        if self._opened is None:
            try:
                self._where.keys.mkdir(mode=0o700, parents=True, exist_ok=True)
            except OSError as error:
                raise Unavailable(f"payees: {error}") from error
            key = ensure_key(self._where.payees_key, KEY_BYTES, self._random)
            self._opened = LmdbPayees(self._where.payees, key)
        return self._opened
