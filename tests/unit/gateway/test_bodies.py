import pytest
from calls import json_body, operation, request, validator

from ringfence.gateway.bodies import asked_body, fitting, read
from ringfence.policy.operations import Body
from ringfence.problem import Reason, Refused

PAYMENT = {
    "type": "object",
    "required": ["amount"],
    "properties": {"amount": {"type": "string", "pattern": r"^\d{1,13}\.\d{2}$"}, "note": {"type": "string"}},
    "additionalProperties": False,
}


def check(body: bytes, content_type: str | None = "application/json", **more: object) -> object:
    op = operation(method="POST", **{"bodies": json_body(PAYMENT), "body_required": True, **more})
    headers = () if content_type is None else (("content-type", content_type),)
    asked = asked_body(request("POST", headers=headers), body, op)
    return None if asked is None else fitting(asked, read(asked, body, 8))


def reason(body: bytes, content_type: str | None = "application/json", **more: object) -> Reason:
    with pytest.raises(Refused) as refused:
        check(body, content_type, **more)
    return refused.value.reason


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "Application/JSON", "application/json; charset=utf-8", 'application/json;charset="UTF-8"'],
)
def test_media_types_are_compared_as_parsed(content_type: str) -> None:
    assert check(b'{"amount":"1.00"}', content_type) == {"amount": "1.00"}


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "",
        "text/plain",
        "application/jsonx",
        "application/json, text/plain",
        "application/json; charset=utf-16",
        "application/json; charset=utf-8; charset=utf-7",
        "application/json;charset=utf-8;CHARSET=latin1",
        "application/json garbage",
        "application/",
    ],
)
def test_any_other_media_type_is_refused(content_type: str | None) -> None:
    assert reason(b'{"amount":"1.00"}', content_type) is Reason.MEDIA_TYPE


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", Reason.BODY_MISSING),
        (b'{"amount":"1.00"', Reason.JSON_MALFORMED),
        (b'{"amount":"1.00","amount":"9.00"}', Reason.JSON_DUPLICATE_KEY),
        (b'{"amount":"1.00","\\u0061mount":"9.00"}', Reason.JSON_DUPLICATE_KEY),
        (b"[" * 9 + b"]" * 9, Reason.JSON_TOO_DEEP),
        (b'{"amount":1.00}', Reason.BODY_INVALID),
        (b'{"amount":"1.00\\n"}', Reason.BODY_INVALID),
        ('{"amount":"١.00"}'.encode(), Reason.BODY_INVALID),
        (b'{"amount":"1.00","admin":true}', Reason.BODY_INVALID),
        (b"{}", Reason.BODY_INVALID),
    ],
)
def test_each_bad_body_for_its_own_reason(body: bytes, why: Reason) -> None:
    assert reason(body) is why


def test_a_body_nobody_asked_for() -> None:
    assert reason(b"{}", bodies={}, body_required=False) is Reason.BODY_UNEXPECTED
    assert check(b"", bodies={}, body_required=False) is None


def test_a_body_that_cannot_be_checked_is_not_passed_on() -> None:
    opaque = {"application/xml": Body("application/xml", None)}
    assert reason(b"<a/>", "application/xml", bodies=opaque) is Reason.MEDIA_TYPE


def test_forms() -> None:
    form = {
        "application/x-www-form-urlencoded": Body(
            "application/x-www-form-urlencoded",
            validator({"type": "object", "properties": {"n": {"type": "integer"}}, "additionalProperties": False}),
            form=True,
            property_kinds={"n": "integer"},
        )
    }
    kind = "application/x-www-form-urlencoded"
    assert check(b"n=3", kind, bodies=form) == {"n": 3}
    assert reason(b"n=3&n=4", kind, bodies=form) is Reason.PARAMETER_DUPLICATE
    assert reason(b"n=3&m=4", kind, bodies=form) is Reason.BODY_INVALID
    assert reason("n=é".encode(), kind, bodies=form) is Reason.BODY_INVALID


def test_faults_name_the_place() -> None:
    with pytest.raises(Refused) as refused:
        check(b'{"amount":"1","note":3}')
    assert {fault.at for fault in refused.value.faults} == {"/amount", "/note"}


def test_forms_with_brackets_as_stripe_has_them() -> None:
    schema = {
        "type": "object",
        "properties": {
            "amount": {"type": "integer"},
            "expand": {"type": "array", "items": {"type": "string"}},
            "card": {"type": "object", "properties": {"exp_month": {"type": "integer"}}, "additionalProperties": False},
            "metadata": {"type": "object", "additionalProperties": {"type": "string"}},
        },
        "additionalProperties": False,
    }
    kind = "application/x-www-form-urlencoded"
    kinds = {"amount": "integer", "expand": "array", "card": "object", "metadata": "object"}
    form = {kind: Body(kind, validator(schema), form=True, property_kinds=kinds)}
    assert check(b"amount=3&expand[]=a&expand[]=b", kind, bodies=form) == {"amount": 3, "expand": ["a", "b"]}
    assert check(b"expand%5B0%5D=a&metadata[order]=7", kind, bodies=form) == {
        "expand": ["a"],
        "metadata": {"order": "7"},
    }
    assert check(b"card[exp_month]=7", kind, bodies=form) == {"card": {"exp_month": 7}}
    assert reason(b"card[exp_month]=x", kind, bodies=form) is Reason.BODY_INVALID
    assert reason(b"card[admin]=1", kind, bodies=form) is Reason.BODY_INVALID
    assert reason(b"card[exp_month]=7&card=1", kind, bodies=form) in {Reason.PARAMETER_INVALID, Reason.BODY_INVALID}
