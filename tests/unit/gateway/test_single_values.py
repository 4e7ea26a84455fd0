import pytest

from ringfence.gateway.single_values import check_single
from ringfence.problem import Reason, Refused


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"authorization": "DPoP eyJ.a.b"},
        {"authorization": "Bearer abc=="},
        {"authorization": 'Digest username="a, b", realm="c", nc=00000001'},
        {"authorization": 'Signature keyId="a",algorithm="b"'},
        {"content-type": 'multipart/form-data; boundary="a,b"'},
        {"content-type": "application/json; charset=utf-8"},
        {"if-modified-since": "Sat, 29 Oct 1994 19:43:31 GMT"},
        {"x-fapi-auth-date": "Tue, 11 Sep 2012 19:43:31 UTC"},
        {"user-agent": "a (b, c)"},
    ],
)
def test_one_value_may_hold_a_comma_where_its_grammar_has_one(values):
    check_single(values)


@pytest.mark.parametrize(
    "values",
    [
        {"authorization": "DPoP a.b.c, DPoP d.e.f"},
        {"authorization": "DPoP a.b.c,Bearer d"},
        {"authorization": "Bearer a,b"},
        {"authorization": "Bearer a,"},
        {"authorization": ",Bearer a"},
        {"authorization": 'Digest username="a", Bearer b'},
        {"authorization": 'Digest username="a", Bearer b="c"'},
        {"authorization": 'Bearer a="b", Basic eHg='},
        {"authorization": "Basic eHg=, Digest a=b"},
        {"host": "a.example,b.example"},
        {"dpop": "a.b.c,d.e.f"},
        {"content-type": "application/json, text/plain"},
        {"content-type": 'application/json; a="b, text/plain'},
        {"content-length": "5, 5"},
        {"content-encoding": "identity, gzip"},
        {"traceparent": "00-a,00-b"},
    ],
)
def test_two_values_merged_into_one_are_refused(values):
    with pytest.raises(Refused) as refused:
        check_single(values)
    assert refused.value.reason is Reason.AMBIGUOUS_HEADER
    assert next(iter(values)) in refused.value.detail
