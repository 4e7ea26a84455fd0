from pathlib import Path

import pytest

from ringfence.app.judge import judge
from ringfence.policy.load import Mistake, PolicyMistakes


def only_mistake(policy: Path) -> Mistake:
    with pytest.raises(PolicyMistakes) as found:
        judge(policy)
    (mistake,) = found.value.mistakes
    return mistake


def rewrite(policy: Path, old: str, new: str) -> None:
    text = policy.read_text()
    assert old in text
    policy.write_text(text.replace(old, new))


def test_a_good_policy_passes(installation: Path) -> None:
    assert len(judge(installation).table.operations) == 1


def test_an_operation_where_the_authorization_server_answers_is_told(installation: Path) -> None:
    rewrite(installation.parent / "bank.yaml", "/things:", "/oauth/jwks:")
    mistake = only_mistake(installation)
    assert "authorization server" in mistake.message
    assert (mistake.line, mistake.column) == (2, 9)


def test_a_socket_path_that_is_too_long_is_told(installation: Path) -> None:
    rewrite(installation, "issuer:", f"state: {'s' * 120}\nissuer:")
    with pytest.raises(PolicyMistakes) as found:
        judge(installation)
    assert all("107 bytes" in mistake.message for mistake in found.value.mistakes)


def test_what_the_edge_cannot_do_is_told_at_check(installation: Path) -> None:
    rewrite(installation, "    client_certificates: {authorities: [certs/ca.pem]}\n", "")
    mistake = only_mistake(installation)
    assert mistake.line > 0
    assert mistake.message


def test_rules_of_detection_are_judged(installation: Path) -> None:
    rewrite(installation, "oauth:\n", "watch: {modes: {brute-forse: enforce}}\noauth:\n")
    mistake = only_mistake(installation)
    assert (mistake.message, mistake.instead) == ("there is no rule `brute-forse`", "write `brute-force`")
    rewrite(installation, "watch: {modes: {brute-forse: enforce}}", "watch: {rules: nowhere}")
    assert "cannot be read" in only_mistake(installation).message
    (installation.parent / "nowhere").mkdir()
    (installation.parent / "nowhere" / "a.yaml").write_text("id: x\n")
    with pytest.raises(PolicyMistakes, match=r"a\.yaml"):
        judge(installation)


def test_playbooks_are_judged(installation: Path) -> None:
    rewrite(installation, "oauth:\n", "watch: {playbook_modes: {scaning: 'on'}}\noauth:\n")
    mistake = only_mistake(installation)
    assert (mistake.message, mistake.instead) == ("there is no playbook `scaning`", "write `scanning`")
    rewrite(installation, "watch: {playbook_modes: {scaning: 'on'}}", "watch: {playbooks: nowhere}")
    assert "cannot be read" in only_mistake(installation).message
    (installation.parent / "nowhere").mkdir()
    (installation.parent / "nowhere" / "a.yaml").write_text("id: x\n")
    with pytest.raises(PolicyMistakes, match=r"a\.yaml"):
        judge(installation)


def test_keys_of_statements_that_are_none_are_told(installation: Path) -> None:
    (installation.parent / "d.json").write_text('{"keys": [{"kty": "oct", "k": "AAAA", "kid": "1"}]}')
    rule = "{require: [statement], statement_issuers: [{issuer: https://d.example, jwks: d.json}]}"
    rewrite(installation, "oauth:\n", f"oauth:\n  registration: {rule}\n")
    assert "the keys of the statement issuer https://d.example cannot be used" in only_mistake(installation).message


def test_a_signers_socket_may_be_the_longest(installation: Path) -> None:
    room = 107 - len(str(installation.parent)) - len("//run/oauth.sock")
    rewrite(installation, "issuer:", f"state: {'s' * room}\nissuer:")
    mistake = only_mistake(installation)
    assert "key-gateway.sock has more than 107 bytes" in mistake.message
    assert mistake.line == 2


@pytest.mark.parametrize(
    ("signer", "says"),
    [
        ("{keep_local: [tokens]}", "no purpose tokens"),
        ("{algorithms: {data: ES256}}", "not of ES256"),
        ("{provider: pkcs11, keep_local: [checkpoint]}", "no block signer.pkcs11"),
        ("{provider: aws_kms, aws_kms: {region: r}}", "keep_local: [checkpoint]"),
        ("{rotation: {checkpoint: {days: 1}}}", "by age or algorithm"),
        ("{seal: {credential: a, passphrase_file: b}}", "a credential and a file"),
        (f"{{approval_socket: /{'a' * 120}}}", "more than 107 bytes"),
    ],
)
def test_what_the_signer_would_end_with_is_told_at_check(installation: Path, signer: str, says: str) -> None:
    installation.write_text(f"{installation.read_text()}signer: {signer}\n")
    mistake = only_mistake(installation)
    assert says in mistake.message
    assert mistake.line == len(installation.read_text().splitlines())


def test_core_rules_that_are_not_there_are_told(installation: Path) -> None:
    rewrite(installation, "oauth:\n", "gateway: {core_rules: nowhere}\noauth:\n")
    assert "nowhere cannot be read" in only_mistake(installation).message


def test_a_country_database_that_is_none_is_told(installation: Path) -> None:
    (installation.parent / "geo.mmdb").write_text("no database")
    rewrite(installation, "oauth:\n", "geo: geo.mmdb\noauth:\n")
    assert "geo.mmdb is no country database" in only_mistake(installation).message
