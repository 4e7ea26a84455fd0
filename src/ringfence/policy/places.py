"""Where things lie on disk: every path below the policy's directory, worked out once."""

from pathlib import Path

import msgspec

from ringfence.policy.model import Policy


class Places(msgspec.Struct, frozen=True):
    """Absolute paths of one installation."""

    root: Path
    """Directory of the policy file: relative paths in the policy start here."""
    state: Path
    keys: Path

    @property
    def sockets(self) -> Path:
        """Unix sockets; mode 0700."""
        return self.state / "run"

    def gateway_socket(self, worker: int) -> Path:
        """The socket of one gateway worker, from 0."""
        return self.sockets / f"gw{worker}.sock"

    def authz_socket(self, worker: int) -> Path:
        """The socket on which one gateway worker, from 0, answers Envoy's `ext_authz`."""
        return self.sockets / f"authz{worker}.sock"

    def gateway_pressure(self, worker: int) -> Path:
        """Where a gateway worker tells how its upstreams stand."""
        return self.sockets / f"gw{worker}.pressure.json"

    @property
    def oauth_socket(self) -> Path:
        """The authorization server."""
        return self.sockets / "oauth.sock"

    @property
    def admin_socket(self) -> Path:
        """The management API."""
        return self.sockets / "admin.sock"

    @property
    def edge_admin_socket(self) -> Path:
        """Envoy's own administration."""
        return self.sockets / "edge.sock"

    @property
    def edge(self) -> Path:
        """Envoy's rendered configuration."""
        return self.state / "edge"

    @property
    def edge_refusals(self) -> Path:
        """Where Envoy writes the calls that it refused by itself, until they are in the event stream."""
        return self.state / "edge-refusals.log"

    @property
    def records(self) -> Path:
        """The SQLite database of records."""
        return self.state / "records.db"

    @property
    def events(self) -> Path:
        """The SQLite database of the event stream."""
        return self.state / "events.db"

    @property
    def watch(self) -> Path:
        """The SQLite database of detection: how far it has read, alerts, blocks."""
        return self.state / "watch.db"

    @property
    def intelligence(self) -> Path:
        """Directory of threat intelligence: the joined table, feeds as they last came, how they are."""
        return self.state / "intelligence"

    @property
    def exports(self) -> Path:
        """Directory of how far each sink for events has got."""
        return self.state / "export"

    @property
    def signals(self) -> Path:
        """Directory of how far clients have been told of events."""
        return self.state / "signals"

    @property
    def redaction_key(self) -> Path:
        """The key of the hashes that stand in exported events for what the policy redacts, mode 0600."""
        return self.keys / "export-redaction.key"

    @property
    def events_spill(self) -> Path:
        """Directory for events that the stream could not take."""
        return self.state / "spill"

    @property
    def fast(self) -> Path:
        """The LMDB directory of the fast shared state."""
        return self.state / "fast"

    @property
    def quotas(self) -> Path:
        """The LMDB file of what was taken of quotas, copied from the fast state, durable."""
        return self.state / "quotas.mdb"

    @property
    def sums(self) -> Path:
        """The LMDB file of what rules count, durable."""
        return self.state / "sums.mdb"

    @property
    def payees(self) -> Path:
        """The LMDB file of whom customers have paid, durable."""
        return self.state / "payees.mdb"

    @property
    def payees_key(self) -> Path:
        """The key that known payees are hashed under, mode 0600; with another one everybody is new."""
        return self.keys / "payees.key"

    @property
    def idempotency(self) -> Path:
        """The LMDB file of idempotency keys with the answers that they stand for, durable."""
        return self.state / "idempotency.mdb"

    @property
    def risk(self) -> Path:
        """The LMDB file of what the watch has against whom."""
        return self.state / "risk.mdb"

    @property
    def client_keys(self) -> Path:
        """The LMDB file of clients' public keys, which the gateway reads."""
        return self.state / "client-keys.mdb"

    @property
    def jwks(self) -> Path:
        """Public keys of the tokens that we sign, as published (RFC 7517 §5)."""
        return self.state / "jwks.json"

    def published(self, purpose: str) -> Path:
        """Public keys of a purpose, as a JWKS."""
        return self.jwks if purpose == "token" else self.state / f"jwks-{purpose}.json"

    @property
    def shredded(self) -> Path:
        """Which shredding of data keys was the last: who holds keys of fields lets go of them when it changes."""
        return self.state / "shredded"

    def signer_socket(self, role: str) -> Path:
        """The signer's socket for one role."""
        return self.sockets / f"key-{role}.sock"

    def approval_socket(self, named: str) -> Path:
        """Where operators approve: as the policy names it, or beside the other sockets."""
        return self.file(named) if named else self.sockets / "approve.sock"

    @property
    def object_names_key(self) -> Path:
        """The key of the hashes that stand in events for the objects of calls, mode 0600."""
        return self.keys / "object-names.key"

    @property
    def signer_ledger(self) -> Path:
        """The signer's ledger: key records, sealed and wrapped keys; SQLite, mode 0600."""
        return self.keys / "signer.db"

    @property
    def root_key(self) -> Path:
        """The root key of the keys that are kept here, sealed by a passphrase where the policy names one; mode 0600."""
        return self.keys / "root.key"

    @property
    def nonce_key(self) -> Path:
        """The key that DPoP nonces are made from, mode 0600."""
        return self.state / "dpop-nonce.key"

    @property
    def signing_key(self) -> Path:
        """A token signing key that was made elsewhere (PEM, PKCS#8), mode 0600; the signer takes it over at its first start."""
        return self.keys / "token-signing.pem"

    @property
    def factor_key(self) -> Path:
        """The key that second factors are sealed with in the records, and login names hashed under in events, mode 0600; without it they are lost."""
        return self.keys / "second-factor.key"

    @property
    def pairwise_key(self) -> Path:
        """The key of pairwise subjects, mode 0600; with another one every client knows its customers by other names."""
        return self.keys / "pairwise-subject.key"

    @property
    def audit(self) -> Path:
        """The audit log: tiles, checkpoint, index."""
        return self.state / "audit"

    @property
    def receipt_keys(self) -> Path:
        """The keys of decision receipts, one a day, mode 0600."""
        return self.state / "receipt-keys"

    @property
    def checkpoint_key_ml_dsa(self) -> Path:
        """Where the second key of checkpoints, ML-DSA-44, once lay (PEM, PKCS#8): the signer takes it over."""
        return self.keys / "audit-checkpoint-ml-dsa-44.pem"

    @property
    def persons_key(self) -> Path:
        """The signer's name for the key that the keys of single persons are wrapped with."""
        return self.audit / "persons.key"

    def file(self, path: str) -> Path:
        """Return a path of the policy file as an absolute path."""
        return (self.root / path).absolute()


def places(policy: Policy, root: Path) -> Places:
    """Return the places of a policy whose file lies in `root`."""
    base = root.absolute()
    return Places(root=base, state=base / policy.state, keys=base / policy.keys)
