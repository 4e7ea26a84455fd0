import base64
import datetime as dt

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from ringfence.clients.expiry import Expiry, ending, expiries
from ringfence.clock import Instant
from ringfence.store.model import Client
from ringfence.store.registrations import Registration

NOW = Instant(1_800_000_000.0)
DAY = 86_400.0


def x5c(days: float) -> list[str]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name.from_rfc4514_string("CN=a")
    begin = dt.datetime.fromtimestamp(NOW, dt.UTC)
    built = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    built = built.serial_number(1).not_valid_before(begin).not_valid_after(begin + dt.timedelta(days=days))
    return [base64.b64encode(built.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)).decode()]


def test_everything_that_ends_the_first_end_first() -> None:
    keys = [{"kid": "a", "x5c": x5c(30)}, {"kid": "b"}, {"kid": "c", "x5c": ["nonsense"]}, {"kid": "d", "x5c": []}]
    client = Client(
        client_id="c", name="C", jwks={"keys": keys}, certificate_expires_at=Instant(NOW + DAY), created_at=NOW
    )
    registration = Registration(
        client_id="c", token_hash="h", statement_expires_at=Instant(NOW + 60), created_at=NOW, changed_at=NOW
    )
    found = expiries(client, registration)
    assert found == (
        Expiry("software statement", Instant(NOW + 60)),
        Expiry("certificate", Instant(NOW + DAY)),
        Expiry("certificate a", Instant(NOW + 30 * DAY)),
    )
    assert [one.what for one in ending(found, NOW, DAY)] == ["software statement", "certificate"]
    assert ending(found, Instant(NOW + 31 * DAY), 0) == found, "what has ended stays told"


def test_nothing_ends() -> None:
    assert expiries(Client(client_id="c", name="C", created_at=NOW), None) == ()
