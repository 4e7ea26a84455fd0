from collections.abc import Callable
from pathlib import Path

import pytest

from ringfence.policy.load import load
from ringfence.policy.mistakes import PolicyMistakes

BANK = """\
openapi: 3.0.3
info: {title: Bank, version: 1.0.0}
security: [{o: []}]
paths:
  /pay:
    post:
      operationId: pay
      requestBody: {content: {CONTENT: {schema: {type: object, properties: {a: {type: string}}}}}}
      responses: {'200': {description: ok}}
  /read:
    get: {operationId: read, responses: {'200': {description: ok}}}
"""
DEFAULTS = "defaults: {scopes: [pay], limits: [client]}"
SEALED = "payload_encryption: {profile: PROFILE, request: required}"
MASTERCARD = SEALED.replace("PROFILE", "mastercard-jwe")
JWE = SEALED.replace("PROFILE", "jwe")


def own(demand: str, name: str = "pay") -> str:
    return f"{DEFAULTS}\n        operations: {{{name}: {{{demand}}}}}"


def placed(demand: str, at: str) -> str:
    return demand.replace("required}", f"required, at: {{{at}}}}}")


@pytest.mark.parametrize(
    ("written", "content", "said"),
    [
        (own(MASTERCARD), "application/json", ""),
        (own(JWE), "application/json", ""),
        (DEFAULTS.replace("}", f", {MASTERCARD}}}"), "application/json", ""),
        (own(placed(MASTERCARD, "encryptedCard: card, b.c: b.d")), "application/json", ""),
        (own(MASTERCARD), "application/jose", "takes no `application/json` with a schema"),
        (own(MASTERCARD, "read"), "application/json", "`read` takes no `application/json`"),
        (own(MASTERCARD + ", body_signature: compact"), "application/jwt", "a signed JWS and a sealed one at once"),
        (own(placed(JWE, "a: a")), "application/json", "says nothing about `jwe`"),
        (own(placed(MASTERCARD, "$: $, a: b")), "application/json", "`a` lies within `$`"),
        (own(placed(MASTERCARD, "a: x, a.b: y")), "application/json", "`a.b` lies within `a`"),
        (own(placed(MASTERCARD, "a: x, b: x.y")), "application/json", "two contents go to `x`"),
        (own(placed(MASTERCARD, "a: x, b: x")), "application/json", "two contents go to `x`"),
        (own(placed(MASTERCARD, "a..b: x")), "application/json", "a..b"),
        (own(SEALED.replace("PROFILE", "legacy-unauthenticated")), "application/json", "legacy-unauthenticated"),
        (own("payload_encryption: {profile: jwe}"), "application/json", "request"),
        (own(placed(MASTERCARD, "")), "application/json", "`at` names 0 places"),
        (
            own(placed(MASTERCARD, ", ".join(f"a{n}: b{n}" for n in range(9)))),
            "application/json",
            "`at` names 9 places",
        ),
    ],
)
def test_a_demand_that_no_call_could_meet_is_a_mistake_with_its_line(
    installation: Callable[..., Path], written: str, content: str, said: str
) -> None:
    path = installation((DEFAULTS, written), bank=BANK.replace("CONTENT", content))
    if not said:
        operations = {one.operation_id: one.demands for one in load(path).table.operations}
        assert operations["pay"].payload is not None
        assert operations["pay"].payload.request == "required"
        return
    with pytest.raises(PolicyMistakes) as found:
        load(path)
    fitting = [mistake for mistake in found.value.mistakes if said in mistake.message]
    assert fitting, found.value.mistakes
    assert fitting[0].file == str(path)
    assert fitting[0].line > 1


def test_answers_are_sealed_without_sealed_requests_and_the_other_way_round(installation: Callable[..., Path]) -> None:
    both, answers = ("payload_encryption: {profile: jwe, request: required, answer: required}", "request: off, answer")
    written = own(both + "}, read: {payload_encryption: {profile: visa-mle, " + answers + ": required}")
    table = load(installation((DEFAULTS, written), bank=BANK.replace("CONTENT", "application/json"))).table
    asked = {one.operation_id: (one.demands.payload is not None, one.demands.answer_sealed) for one in table.operations}
    assert asked == {"pay": (True, "jwe"), "read": (False, "visa-mle")}
    assert all(one.seals for one in table.operations)


def test_a_format_whose_only_algorithm_the_policy_has_not_is_told(installation: Callable[..., Path]) -> None:
    answers = "payload_encryption: {profile: PROFILE, request: off, answer: required}"
    allowed = "protection: {seal_algorithms: [ECDH-ES]}\noauth:"
    for profile, count in (("jwe", 0), ("mastercard-jwe", 1)):
        changes = (("oauth:", allowed), (DEFAULTS, own(answers.replace("PROFILE", profile), "read")))
        path = installation(*changes, bank=BANK.replace("CONTENT", "application/json"))
        if not count:
            assert load(path).table.operations[1].seals
            continue
        with pytest.raises(PolicyMistakes, match="RSA-OAEP-256 only"):
            load(path)


def test_an_operation_may_turn_the_defaults_off(installation: Callable[..., Path]) -> None:
    written = own(MASTERCARD.replace("required", "off")).replace("}\n", f", {MASTERCARD}}}\n", 1)
    path = installation((DEFAULTS, written), bank=BANK.replace("CONTENT", "application/json"))
    asked = {one.operation_id: one.demands.payload is not None for one in load(path).table.operations}
    assert asked == {"pay": False, "read": True}


def test_a_provider_that_opens_no_payloads_is_told_once(installation: Callable[..., Path]) -> None:
    signer = "signer: {provider: pkcs11, KEEPpkcs11: {library: l.so, token: t, pin_file: p}}\noauth:"
    written = DEFAULTS.replace("}", f", {MASTERCARD}}}")
    for keep, count in (("", 1), ("keep_local: [payload], ", 0)):
        changes = (("oauth:", signer.replace("KEEP", keep)), (DEFAULTS, written))
        path = installation(*changes, bank=BANK.replace("CONTENT", "application/json"))
        try:
            load(path)
            messages = []
        except PolicyMistakes as found:
            messages = [mistake.message for mistake in found.mistakes]
        assert sum("opens no payloads" in message for message in messages) == count, messages
