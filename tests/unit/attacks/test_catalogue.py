import importlib
import json
import pkgutil

import httpx
import pytest

import ringfence.attacks
from ringfence.attacks.catalogue import ATTACKS
from ringfence.attacks.outcome import Attack
from ringfence.problem import MEANINGS, Reason

EACH = pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)


def problem(status: int, reason: str) -> httpx.Response:
    body = json.dumps({"type": f"urn:ringfence:problem:{reason}", "title": "No", "status": status})
    headers = {"content-type": "application/problem+json", "retry-after": "1"}
    return httpx.Response(status, content=body, headers=headers)


def test_every_attack_file_is_listed_once():
    modules = [
        importlib.import_module(f"ringfence.attacks.{m.name}") for m in pkgutil.iter_modules(ringfence.attacks.__path__)
    ]
    found = [module.ATTACK for module in modules if isinstance(getattr(module, "ATTACK", None), Attack)]
    assert {attack.name for attack in found} == {attack.name for attack in ATTACKS}
    assert len(found) == len(ATTACKS) == 13


@EACH
def test_an_api_that_answers_everything_fails_every_attack(attack, target_of):
    outcome = attack.run(target_of(lambda _: httpx.Response(200, json={})))
    assert outcome.tries
    assert not any(one.refused_rightly for one in outcome.tries)


@EACH
def test_a_refusal_for_another_reason_does_not_count(attack, target_of):
    outcome = attack.run(target_of(lambda _: problem(400, "media-type")))
    assert outcome.tries
    assert not any(one.refused_rightly for one in outcome.tries)


@EACH
def test_a_right_reason_with_another_status_or_outside_a_problem_document_does_not_count(attack, target_of):
    reasons = iter([one.must.reason for one in attack.run(target_of(lambda _: problem(418, "x"))).tries] * 700)
    outcome = attack.run(target_of(lambda _: problem(418, next(reasons))))
    assert not any(one.refused_rightly for one in outcome.tries)
    outcome = attack.run(target_of(lambda _: httpx.Response(401, text="urn:ringfence:problem:token-expired")))
    assert not any(one.refused_rightly for one in outcome.tries)


@EACH
def test_an_attack_expects_a_reason_that_exists_with_its_status(attack, target_of):
    for one in attack.run(target_of(lambda _: httpx.Response(200, json={}))).tries:
        assert MEANINGS[Reason(one.must.reason)].status == one.must.status


@EACH
def test_an_attack_survives_garbage(attack, target_of):
    headers = {"content-type": "application/problem+json"}
    for content in (b"", b"{", b"[]", b'{"errors":[]}'):
        answer = httpx.Response(500, content=content, headers=headers)
        assert not any(one.refused_rightly for one in attack.run(target_of(lambda _, a=answer: a)).tries)
