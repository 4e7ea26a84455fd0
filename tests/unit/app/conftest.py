import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from ringfence.clock import Instant
from ringfence.edge.certificates import create_development_certificates
from ringfence.policy.load import LoadedPolicy, load

OPENAPI = """\
openapi: 3.1.0
info: {title: Bank, version: "1"}
components:
  securitySchemes:
    oauth: {type: oauth2, flows: {clientCredentials: {tokenUrl: "https://localhost/token", scopes: {things: Things}}}}
paths:
  /things:
    get:
      operationId: GetThings
      security: [{oauth: [things]}]
      responses: {"200": {description: Things}}
"""

POLICY = """\
version: 1
issuer: https://localhost:8443
listeners:
  public:
    address: 127.0.0.1
    port: 8443
    tls: {certificate: certs/server.pem, key: certs/server.key}
  mtls:
    address: 127.0.0.1
    port: 8444
    tls: {certificate: certs/server.pem, key: certs/server.key}
    client_certificates: {authorities: [certs/ca.pem]}
oauth:
  scopes: {things: See things}
apis:
  - name: bank
    versions:
      - name: v1
        openapi: bank.yaml
        upstream: {url: "http://127.0.0.1:9"}
        defaults: {scopes: [things]}
on_outage: {fast_state: refuse, records: refuse, events: refuse, upstream: refuse}
"""


@pytest.fixture
def installation(tmp_path: Path) -> Path:
    """A directory with a policy, its document and certificates; returns the policy file."""
    create_development_certificates(tmp_path / "certs", ["localhost"], Instant(1_790_000_000.0))
    (tmp_path / "bank.yaml").write_text(OPENAPI)
    (tmp_path / "ringfence.yaml").write_text(POLICY)
    return tmp_path / "ringfence.yaml"


@pytest.fixture
def loaded(installation: Path) -> LoadedPolicy:
    return load(installation)
