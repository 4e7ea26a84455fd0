import msgspec
import pytest

from ringfence.gateway.acceptance import acceptance, mtls_url
from ringfence.policy.model import ClientCertificates, Listener, Listeners, MtlsListener, OnOutage, Policy, Tls

TLS = Tls(certificate="c", key="k")


def policy(issuer: str = "https://bank.example", **more: object) -> Policy:
    mtls = MtlsListener(port=8444, tls=TLS, client_certificates=ClientCertificates(self_signed=True))
    outage = OnOutage(fast_state="refuse", records="refuse", events="refuse", upstream="refuse")
    fields = {"listeners": Listeners(public=Listener(port=8443, tls=TLS), mtls=mtls), "on_outage": outage, "apis": ()}
    return Policy(version=1, issuer=issuer, **{**fields, **more})


def test_the_audience_is_the_issuer_unless_the_policy_names_one() -> None:
    assert acceptance(policy()).audience == "https://bank.example"
    named = policy()
    named = msgspec.structs.replace(named, oauth=msgspec.structs.replace(named.oauth, resource="urn:bank"))
    assert acceptance(named).audience == "urn:bank"


def test_hosts_are_the_issuers_the_mtls_listeners_and_those_the_policy_names() -> None:
    accepted = acceptance(policy(hosts=("api.example", "api.example:9443")))
    assert accepted.authorities == {"bank.example", "bank.example:8444", "api.example", "api.example:9443"}


@pytest.mark.parametrize("issuer", ["https://Bank.Example:443/tenant", "https://bank.example/tenant"])
def test_a_default_port_and_a_path_do_not_make_another_host(issuer: str) -> None:
    assert "bank.example" in acceptance(policy(issuer)).authorities


def test_the_mtls_url() -> None:
    assert mtls_url(policy()) == "https://bank.example:8444"
    assert mtls_url(policy("https://[::1]:8443")) == "https://[::1]:8444"
    assert mtls_url(policy(mtls_url="https://mtls.example")) == "https://mtls.example"
    without = policy()
    without = msgspec.structs.replace(without, listeners=Listeners(public=without.listeners.public))
    assert mtls_url(without) == ""


def test_the_challenge_names_the_algorithms() -> None:
    assert acceptance(policy()).challenge == 'DPoP algs="ES256 PS256 EdDSA"'
