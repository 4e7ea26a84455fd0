import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.ids import CorrelationId
from ringfence.problem import (
    MEANINGS,
    PROBLEM_TYPE_PREFIX,
    Fault,
    Reason,
    Refused,
    oauth_error,
    oauth_text,
    problem_document,
)

ID = CorrelationId("abc")


def test_every_reason_has_a_meaning_and_nothing_else_has():
    assert set(MEANINGS) == set(Reason)


@pytest.mark.parametrize("reason", Reason)
def test_every_meaning_is_an_error_in_words(reason):
    meaning = MEANINGS[reason]
    assert 400 <= meaning.status <= 599
    assert re.fullmatch(r"[a-z_]*", meaning.oauth)
    assert meaning.title[0].isupper()
    assert not meaning.title.endswith(".")
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", reason.value)


def test_values_are_all_different():
    assert len({reason.value for reason in Reason}) == len(Reason)


def test_the_private_part_never_leaves():
    refused = Refused(Reason.TOKEN_EXPIRED, "public words", private="inner words")
    shown = problem_document(refused, ID) + oauth_error(refused, ID) + repr(refused).encode() + str(refused).encode()
    assert b"inner" not in shown
    assert b"public words" in shown


def test_problem_document_has_the_members_of_rfc_9457():
    refused = Refused(Reason.BODY_INVALID, faults=(Fault("/Data/Amount", "is no text"),))
    assert json.loads(problem_document(refused, ID)) == {
        "type": PROBLEM_TYPE_PREFIX + "body-invalid",
        "title": MEANINGS[Reason.BODY_INVALID].title,
        "status": 400,
        "correlation_id": "abc",
        "errors": [{"at": "/Data/Amount", "message": "is no text"}],
    }


def test_status_and_code_can_be_set_by_an_endpoint():
    refused = Refused(Reason.CLIENT_AUTHENTICATION, status=400, oauth="invalid_request")
    assert json.loads(problem_document(refused, ID))["status"] == 400
    assert json.loads(oauth_error(refused, ID))["error"] == "invalid_request"


def test_an_oauth_error_always_has_a_code():
    assert json.loads(oauth_error(Refused(Reason.TOKEN_MISSING), ID))["error"] == "invalid_request"


@given(st.text())
def test_error_descriptions_hold_only_what_rfc_6749_allows(text):
    assert re.fullmatch(r"[\x20-\x21\x23-\x5B\x5D-\x7E]*", oauth_text(text))
