"""What the management API knows of threat intelligence: the files in its place."""

from pathlib import Path

import msgspec

from ringfence.app.intelligence.role import ASKED
from ringfence.clock import Instant
from ringfence.intel.status import Status
from ringfence.intel.table import UNLISTED, Listing, Unusable, load
from ringfence.store.interface import Unavailable


class KnownInPlace:
    """`KnownFeeds` over the directory."""

    def __init__(self, place: Path) -> None:
        """Look in `place`, which need not be there."""
        self._place = place

    def status(self) -> Status:
        """Return how each feed is."""
        try:
            return msgspec.json.decode((self._place / "status.json").read_bytes(), type=Status)
        except FileNotFoundError:
            return Status()
        except (OSError, msgspec.DecodeError) as why:
            raise Unavailable(f"threat intelligence: {why}") from why

    def of(self, address: str, now: Instant) -> Listing:
        """Return what is said of an address, by the table that the workers have."""
        try:
            return load((self._place / "table").read_bytes()).of(address, now)
        except FileNotFoundError:
            return UNLISTED
        except (OSError, Unusable) as why:
            raise Unavailable(f"threat intelligence: {why}") from why

    def ask(self) -> None:
        """Ask for every feed anew."""
        try:
            self._place.mkdir(mode=0o700, exist_ok=True)
            (self._place / ASKED).touch()
        except OSError as why:
            raise Unavailable(f"threat intelligence: {why}") from why
