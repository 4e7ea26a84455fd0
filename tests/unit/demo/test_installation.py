import socket

import pytest

from ringfence.app.installing import create_keys
from ringfence.demo.installation import write_installation
from ringfence.demo.ledger import Ledger
from ringfence.policy.load import load


@pytest.fixture
def installation(tmp_path, now):
    return write_installation(tmp_path, now, create_keys)


def test_the_policy_and_its_documents_have_no_mistakes_and_need_no_waivers(installation):
    loaded = load(installation.policy)
    assert loaded.policy.issuer == installation.issuer
    assert [version.waivers for api in loaded.policy.apis for version in api.versions] == [(), ()]
    assert {(o.method, o.template) for o in loaded.table.operations} == {
        ("GET", "/open-banking/v4.0/aisp/accounts"),
        ("GET", "/open-banking/v4.0/aisp/accounts/{AccountId}"),
        ("GET", "/open-banking/v4.0/aisp/accounts/{AccountId}/balances"),
        ("GET", "/open-banking/v4.0/aisp/accounts/{AccountId}/transactions"),
        ("POST", "/open-banking/v4.0/pisp/domestic-payments"),
        ("GET", "/open-banking/v4.0/pisp/domestic-payments/{DomesticPaymentId}"),
    }


def test_what_is_secret_is_its_owners_only(installation):
    for path in ("keys", "tls", "bank"):
        assert (installation.directory / path).stat().st_mode & 0o077 == 0


def test_the_ports_are_free_and_different(installation):
    ports = {installation.public_port, installation.mtls_port, installation.bank_port}
    assert len(ports) == 3
    for port in ports:
        with socket.socket() as one:
            one.bind(("127.0.0.1", port))


def test_the_ledger_is_filled(installation):
    with Ledger(installation.ledger) as ledger:
        assert ledger.total() > 0


def test_only_the_demonstration_goes_by_risk(tmp_path, now):
    for name, by_risk in (("demo", True), ("other", False)):
        installation = write_installation(tmp_path / name, now, create_keys, by_risk=by_risk)
        loaded = load(installation.policy)
        assert (loaded.policy.limits.keys() >= {"careful"}) is by_risk
        for operation in loaded.table.operations:
            assert (operation.demands.risk is not None) is by_risk
            assert any(limit.adaptive is not None for _, limit in operation.demands.limits) is by_risk
        assert (loaded.policy.oauth.second_factor_at_risk is not None) is by_risk
