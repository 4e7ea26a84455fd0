"""A small policy and where it lies."""

from pathlib import Path

import pytest

from ringfence.clock import Instant
from ringfence.edge.certificates import create_development_certificates
from ringfence.policy.model import (
    Api,
    ApiVersion,
    ClientCertificates,
    Listener,
    Listeners,
    MtlsListener,
    OnOutage,
    Policy,
    Tls,
    Upstream,
)
from ringfence.policy.places import Places, places

NOW = Instant(1_800_000_000.0)
TLS = Tls(certificate="certs/server.pem", key="certs/server.key")


@pytest.fixture
def now() -> Instant:
    return NOW


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("c") / "certs"
    create_development_certificates(directory, ["localhost", "127.0.0.1", "::1", "api.bank.example"], NOW)
    return directory


@pytest.fixture
def policy() -> Policy:
    accepted = ClientCertificates(authorities=("certs/ca.pem",), self_signed=True)
    upstream = Upstream(url="http://127.0.0.1:9", timeout_seconds=90)
    return Policy(
        version=1,
        issuer="https://localhost",
        listeners=Listeners(
            public=Listener(address="127.0.0.1", port=8443, udp_port=8443, tls=TLS, max_connections=500),
            mtls=MtlsListener(address="127.0.0.1", port=8444, tls=TLS, client_certificates=accepted),
        ),
        apis=(Api(name="bank", versions=(ApiVersion(name="v1", openapi="bank.yaml", upstream=upstream),)),),
        on_outage=OnOutage(fast_state="refuse", records="refuse", events="refuse", upstream="refuse"),
    )


@pytest.fixture
def where(policy: Policy) -> Places:
    return places(policy, Path("/srv/bank"))
