"""Logs to test with: keys, events, a log without processes."""

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ringfence.audit.log import PERSONS, AuditLog
from ringfence.audit.note import COSIGNATURE, ED25519, Checkpoint, Note, NoteKey, Signature, message, signed
from ringfence.audit.persons import Persons
from ringfence.clock import Instant
from ringfence.events import Event, encode
from ringfence.events.calls import CallDecided
from ringfence.ids import system_random
from ringfence.keys.sealing import Sealer
from ringfence.store.embedded.sqlite_events import placed
from ringfence.store.interface import StoredEvent

ORIGIN = "bank.example/audit"
NOW = Instant(1_764_000_000.25)


class Keys:
    """A private Ed25519 key with its public form; satisfies `CheckpointSigner`."""

    def __init__(self, name: str, kind: int = ED25519) -> None:
        self.private = Ed25519PrivateKey.generate()
        self.key = NoteKey(name, kind, self.private.public_key().public_bytes_raw())

    @property
    def keys(self) -> tuple[NoteKey, ...]:
        return (self.key,)

    async def sign(self, key: NoteKey, text: bytes) -> bytes:
        return self.private.sign(text)

    def signature(self, checkpoint: Checkpoint, at: float = NOW) -> Signature:
        return signed(self.key, int(at), self.private.sign(message(self.key, checkpoint, int(at))))


def call(number: int, **members: object) -> CallDecided:
    values: dict = {
        "at": Instant(NOW + number / 100),
        "correlation": f"{number:026d}".translate(str.maketrans("0189", "abcd")),
        "trace": "t",
        "allowed": True,
        "status": 200,
        "client": f"client_{number % 3}",
        "user": f"user_{number % 5}",
        "grant": f"grant_{number % 7}",
        "network": "192.0.2.7",
        "method": "GET",
        "path": "/accounts",
    }
    return CallDecided(**(values | members))


def stored(events: list[Event], source: str = "gateway_0-00000001-x.journal", position: int = 1, offset: int = 0):
    lines = [encode(event) for event in events]
    upto = offset + sum(len(line) + 1 for line in lines)
    return [StoredEvent(position + i, data, name, at) for i, (data, name, at) in enumerate(placed(lines, source, upto))]


class Running:
    """An open log with its signer and one witness's key, without processes."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.sealer = Sealer(bytes(32), system_random)
        self.signer = Keys(ORIGIN)
        self.witness = Keys("witness.example/w1", COSIGNATURE)
        self.position = 0
        self.offsets: dict[str, int] = {}
        self.now = float(NOW)
        self.log = self.open()

    def open(self) -> AuditLog:
        self.directory.mkdir(exist_ok=True)
        self.persons = Persons(self.directory / PERSONS, self.sealer, system_random)
        return AuditLog(self.directory, self.persons, system_random)

    def grow(self, events: list[Event], source: str = "gateway_0-00000001-x.journal") -> None:
        batch = stored(events, source, self.position + 1, self.offsets.get(source, 0))
        self.position += len(batch)
        self.offsets[source] = batch[-1].offset + len(batch[-1].data) + 1
        self.now = max(self.now, *(getattr(event, "at", 0.0) for event in events)) + 0.5
        self.log.append(batch, Instant(self.now))

    def note(self, *, witnessed: bool = False) -> Note:
        head = self.log.head
        checkpoint = Checkpoint(ORIGIN, head.size, head.root)
        signatures = [self.signer.signature(checkpoint, self.now)]
        if witnessed:
            signatures.append(self.witness.signature(checkpoint, self.now))
        return Note(checkpoint, tuple(signatures))

    def promise(self, *, witnessed: bool = False) -> Note:
        note = self.note(witnessed=witnessed)
        self.log.publish(note, Instant(self.now))
        self.now += 61
        return note

    def close(self) -> None:
        self.log.close()
        self.persons.close()
