import json

import pytest

from ringfence.gateway.normal import check_normal, check_normal_text
from ringfence.problem import Reason, Refused

COMPOSED, DECOMPOSED = "é", "e\u0301"


@pytest.mark.parametrize(
    "document", [COMPOSED, {"a": [COMPOSED, "\u0301", "ｆ"]}, {COMPOSED: 1}, ["\u0338"], ["日本", "\U0001f600"]]
)
@pytest.mark.parametrize("escaped", [True, False])
def test_normal_texts_pass(document: object, escaped: bool) -> None:
    check_normal(json.dumps(document, ensure_ascii=escaped).encode(), document)


@pytest.mark.parametrize(
    ("document", "at"),
    [(DECOMPOSED, ""), ({"a": [COMPOSED, DECOMPOSED]}, "/a/1"), ({"a": {DECOMPOSED: 1}}, "/a"), (["\u212b"], "/0")],
)
@pytest.mark.parametrize("escaped", [True, False])
def test_others_are_refused_with_their_place(document: object, at: str, escaped: bool) -> None:
    with pytest.raises(Refused) as refused:
        check_normal(json.dumps(document, ensure_ascii=escaped).encode(), document)
    assert refused.value.reason is Reason.TEXT_NOT_NORMAL
    assert refused.value.faults[0].at == at


def test_single_texts() -> None:
    check_normal_text(COMPOSED, "query.name")
    with pytest.raises(Refused) as refused:
        check_normal_text(DECOMPOSED, "query.name")
    assert refused.value.faults[0].at == "query.name"
