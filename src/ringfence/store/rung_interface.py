"""How far somebody has climbed on a playbook's ladder: kept with an end, shown, and forgotten on demand."""

from typing import Protocol

import msgspec

from ringfence.clock import Instant


class KeptRung(msgspec.Struct, frozen=True):
    """Where somebody stands."""

    playbook: str
    of: str
    value: str
    dry_run: bool
    """The playbook only writes down what it would do; whoever climbs by it has climbed nothing."""
    rung: int
    """From 1 on."""
    at: Instant
    """Of the alert that led here."""
    until: Instant
    """From then on the next alert begins below."""
    alert: str


def climbed(stands: KeptRung | None, reached: KeptRung, most: int) -> KeptRung:
    """Return where somebody stands after an alert.

    Args:
        stands: where they stood, if anywhere; the same alert moves nobody.
        reached: the rung that the alert reaches at once, and until when it holds.
        most: rungs that there are.
    """
    if stands is not None and stands.alert == reached.alert:
        return stands
    above = stands.rung + 1 if stands is not None and stands.until > reached.at else 1
    return msgspec.structs.replace(reached, rung=min(max(above, reached.rung), most))


class RungRecords(Protocol):
    """The records of ladders. Every method raises store.interface.Unavailable."""

    async def climb(self, reached: KeptRung, most: int) -> int:
        """Have somebody climb and return the rung: one above where they stand at the time of the alert, at most `most`.

        `reached.rung` is what the alert reaches at once: they do not come to stand below it. The same alert again
        moves nobody, and returns the same.
        """
        ...

    async def rungs(self, now: Instant) -> list[KeptRung]:
        """Return who stands on a rung, by when it ends."""
        ...

    async def forget_rung(self, playbook: str, of: str, value: str) -> bool:
        """Have somebody begin below; False if they stand on no rung."""
        ...

    async def forget_rung_of(self, playbook: str, alert: str) -> bool:
        """Do the same for whoever this alert had come to stand where they stand now."""
        ...
