import httpx
import pytest

from ringfence.attacks.outcome import Must, attempt, judged

MUST = Must(400, "body-invalid", at="/Data")
PROBLEM = {"type": "urn:ringfence:problem:body-invalid", "title": "No", "errors": [{"at": "/Data", "message": "m"}]}


def answer(status=400, content_type="application/problem+json", **changed):
    return httpx.Response(status, json=PROBLEM | changed, headers={"content-type": content_type})


def test_status_reason_and_place_make_a_refusal_right():
    one = judged("x", MUST, answer(), 0.5)
    assert one.refused_rightly
    assert (one.status, one.reason, one.title, one.named, one.seconds) == (400, "body-invalid", "No", ("/Data",), 0.5)


@pytest.mark.parametrize(
    "wrong",
    [
        answer(status=403),
        answer(type="urn:ringfence:problem:body-missing"),
        answer(type="https://example.com/body-invalid"),
        answer(errors=[]),
        answer(errors=[{"at": "/Data/Initiation"}]),
        answer(content_type="application/json"),
    ],
)
def test_any_other_answer_is_wrong(wrong):
    assert not judged("x", MUST, wrong, 0.5).refused_rightly


def test_an_attempt_is_timed():
    one = attempt("x", MUST, answer)
    assert one.refused_rightly
    assert 0 <= one.seconds < 5
