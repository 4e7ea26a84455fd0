"""Hold a document's faults against the waivers that the policy has for them."""

from collections import defaultdict
from collections.abc import Sequence

import msgspec

from ringfence.policy.faults import FAULTS, DocumentFault
from ringfence.policy.mistakes import choose
from ringfence.policy.model import Waiver


class Judged(msgspec.Struct, frozen=True):
    """What the waivers come to."""

    waived: tuple[DocumentFault, ...]
    open: tuple[DocumentFault, ...]
    """Faults that nothing tolerates: the document cannot be used."""
    idle: tuple[tuple[int, str, str], ...]
    """Waivers that tolerate nothing: index, why, and what to write instead."""


def covers(waiver: Waiver, fault: DocumentFault) -> bool:
    """Say whether a waiver names this fault at this place."""
    if waiver.fault != fault.fault:
        return False
    if waiver.at.endswith("/*"):
        return fault.at.startswith(waiver.at[:-1])
    return fault.at == waiver.at


def judge(faults: Sequence[DocumentFault], waivers: Sequence[Waiver]) -> Judged:
    """Return which faults are tolerated, which are not, and which waivers are idle."""
    used: set[int] = set()
    waived: list[DocumentFault] = []
    left: list[DocumentFault] = []
    for fault in faults:
        by = [index for index, waiver in enumerate(waivers) if covers(waiver, fault)]
        if by and fault.tolerated:
            used.update(by)
            waived.append(fault)
        else:
            left.append(fault)
    idle = tuple((index, *_idle(w)) for index, w in enumerate(waivers) if index not in used)
    return Judged(tuple(waived), tuple(left), idle)


def _idle(waiver: Waiver) -> tuple[str, str]:
    if waiver.fault not in FAULTS:
        return f"there is no fault `{waiver.fault}`", choose(waiver.fault, sorted(FAULTS))
    if not FAULTS[waiver.fault].tolerated:
        return f"`{waiver.fault}` cannot be tolerated", "repair the document"
    return f"the document has no `{waiver.fault}` there", "remove the waiver"


def needed(faults: Sequence[DocumentFault]) -> tuple[Waiver, ...]:
    """Return the waivers that a document needs: one a fault's name, as narrow as one pointer can be."""
    by_name: dict[str, list[DocumentFault]] = defaultdict(list)
    for fault in faults:
        if fault.tolerated:
            by_name[fault.fault].append(fault)
    return tuple(
        Waiver(fault=name, at=_common(tuple(f.at for f in found)), reason=_reason(name, len(found)))
        for name, found in by_name.items()
    )


def _common(pointers: tuple[str, ...]) -> str:
    if len(pointers) == 1:
        return pointers[0]
    split = [p.split("/") for p in pointers]
    shared: list[str] = []
    for parts in zip(*(p[:-1] for p in split), strict=False):
        if len(set(parts)) > 1:
            break
        shared.append(parts[0])
    return "/".join(shared) + "/*"


def _reason(name: str, count: int) -> str:
    places = "1 place" if count == 1 else f"{count} places"
    return f"As published, {places}. Tolerated so: {FAULTS[name].tolerated}."
