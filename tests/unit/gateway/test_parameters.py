import pytest
from calls import located, operation, parameter, request

from ringfence.gateway.parameters import check_parameters
from ringfence.problem import Reason, Refused

INTEGER = {"type": "integer", "minimum": 1}
STRING = {"type": "string", "maxLength": 5}
LIST = {"type": "array", "items": {"type": "integer"}, "maxItems": 3}
RANGE = {
    "type": "object",
    "properties": {"gt": {"type": "integer"}, "lt": {"type": "integer"}},
    "additionalProperties": False,
}
CREATED = {"anyOf": [RANGE, {"type": "integer"}]}


def check(
    query: str = "",
    *parameters: object,
    headers: tuple[tuple[str, str], ...] = (),
    path: dict[str, str] | None = None,
    **more: object,
) -> dict:
    op = operation(parameters=parameters, **more)
    return check_parameters(located(op, request(query=query, headers=headers), path), 8)


def refusal(query: str = "", *parameters: object, **more: object) -> Refused:
    with pytest.raises(Refused) as refused:
        check(query, *parameters, **more)
    return refused.value


def test_values_are_read_by_their_kind() -> None:
    assert check("page=2", parameter("page", INTEGER)) == {"query.page": 2}


@pytest.mark.parametrize("query", ["page=0", "page=x", "page=", "page=2.0", "page=%32%00"])
def test_a_value_outside_its_schema_is_refused(query: str) -> None:
    refused = refusal(query, parameter("page", INTEGER))
    assert refused.reason is Reason.PARAMETER_INVALID
    assert refused.faults[0].at.startswith("query.page")


def test_a_required_parameter_must_be_there() -> None:
    refused = refusal("", parameter("page", INTEGER, required=True))
    assert refused.reason is Reason.PARAMETER_INVALID


def test_an_undeclared_parameter_is_refused_unless_the_policy_passes_it() -> None:
    refused = refusal("pge=2", parameter("page", INTEGER))
    assert refused.reason is Reason.PARAMETER_UNKNOWN
    assert "page" in refused.detail
    assert check("pge=2", parameter("page", INTEGER), unknown_query="pass") == {}


@pytest.mark.parametrize("query", ["page=1&page=2", "page=1&p%61ge=2"])
def test_a_repeated_single_value_is_refused(query: str) -> None:
    assert refusal(query, parameter("page", INTEGER)).reason is Reason.PARAMETER_DUPLICATE


@pytest.mark.parametrize(
    ("query", "style", "explode"),
    [
        ("id=1&id=2", "form", True),
        ("id=1,2", "form", False),
        ("id=1%202", "spaceDelimited", False),
        ("id=1|2", "pipeDelimited", False),
        ("id=1%7C2", "pipeDelimited", False),
    ],
)
def test_lists_in_every_style(query: str, style: str, explode: bool) -> None:
    assert check(query, parameter("id", LIST, style=style, explode=explode)) == {"query.id": [1, 2]}


def test_a_list_too_long_is_refused() -> None:
    assert refusal("id=1&id=2&id=3&id=4", parameter("id", LIST)).reason is Reason.PARAMETER_INVALID


def test_deep_objects() -> None:
    created = parameter("created", RANGE, style="deepObject", explode=True)
    assert check("created[gt]=5&created%5Blt%5D=9", created) == {"query.created": {"gt": 5, "lt": 9}}


def test_a_deep_object_or_a_plain_value() -> None:
    created = parameter("created", CREATED, style="deepObject", explode=True)
    assert check("created[gt]=5", created) == {"query.created": {"gt": 5}}
    assert check("created=5", created) == {"query.created": 5}
    assert refusal("created=5&created[gt]=1", created).reason is Reason.PARAMETER_DUPLICATE


@pytest.mark.parametrize(
    "query",
    [
        "c[gt=1",
        "c[[gt]]=1",
        "c[gt]x=1",
        "c[a][b][c][d][e][f][g][h]=1",
        "c[gt]=1&c[gt]=2",
        "c[gt][x]=1&c[gt]=2",
        "c[gt]=1&c[gt][x]=2",
    ],
)
def test_brackets_that_can_be_read_two_ways_are_refused(query: str) -> None:
    refused = refusal(query, parameter("c", {"type": "object"}, style="deepObject", explode=True))
    assert refused.reason in {Reason.PARAMETER_INVALID, Reason.PARAMETER_DUPLICATE}


def test_nested_lists_as_stripe_sends_them() -> None:
    lines = parameter(
        "items", {"type": "array", "items": {"type": "string"}}, style="deepObject", explode=True, kind="any"
    )
    assert (
        check(
            "items[0]=a&items[1]=b",
            parameter("f", {"type": "object", "properties": {"x": {"type": "array"}}}, style="deepObject"),
            unknown_query="pass",
        )
        == {}
    )
    nested = parameter("f", {"type": "object"}, style="deepObject", explode=True)
    assert check("f[x][0]=a&f[x][1]=b", nested) == {"query.f": {"x": ["a", "b"]}}
    assert lines.kind == "any"


def test_exploded_form_objects_spread_over_pairs() -> None:
    spread = parameter("range", RANGE, style="form", explode=True)
    assert check("gt=1&lt=2", spread) == {"query.range": {"gt": 1, "lt": 2}}


def test_path_and_header_parameters() -> None:
    where = parameter("AccountId", STRING, "path", required=True)
    assert check("", where, path={"AccountId": "a%2Db"}) == {"path.AccountId": "a-b"}
    assert refusal("", where, path={"AccountId": "toolong"}).reason is Reason.PARAMETER_INVALID
    header = parameter("X-Id", STRING, "header")
    assert check("", header, headers=(("x-id", "ab"),)) == {"header.X-Id": "ab"}
    assert refusal("", header, headers=(("x-id", "a"), ("x-id", "b"))).reason is Reason.PARAMETER_DUPLICATE


def test_cookies() -> None:
    cookie = parameter("sid", STRING, "cookie")
    assert check("", cookie, headers=(("cookie", "a=1; sid=ab"),)) == {"cookie.sid": "ab"}
    assert check("", cookie, headers=(("cookie", "a=1"),)) == {}


def test_json_content() -> None:
    filter_ = parameter("filter", {"type": "object", "properties": {"a": {"type": "integer"}}}, json_content=True)
    assert check("filter=%7B%22a%22%3A1%7D", filter_) == {"query.filter": {"a": 1}}
    assert refusal("filter=%7B%22a%22%3A1%2C%22a%22%3A2%7D", filter_).reason is Reason.JSON_DUPLICATE_KEY


@pytest.mark.parametrize("query", ["a=1;page=99", ";", "a=%3B;"])
def test_a_semicolon_where_some_servers_split_is_refused(query: str) -> None:
    assert refusal(query, parameter("a", {"type": "string"})).reason is Reason.PARAMETER_INVALID
    assert refusal(query, unknown_query="pass").reason is Reason.PARAMETER_INVALID


def test_a_header_parameter_is_not_percent_decoded() -> None:
    digits = parameter("x-digits", {"type": "string", "pattern": "^[0-9]+$"}, "header")
    assert check("", digits, headers=(("x-digits", "12"),)) == {"header.x-digits": "12"}
    assert refusal("", digits, headers=(("x-digits", "%31%32"),)).reason is Reason.PARAMETER_INVALID


@pytest.mark.parametrize(
    ("query", "style"),
    [("ids=a%2Cb", "form"), ("ids=a%2Cb,c", "form")],
)
def test_an_item_that_holds_the_separator_is_refused(query: str, style: str) -> None:
    texts = {"type": "array", "items": {"type": "string"}}
    refused = refusal(query, parameter("ids", texts, style=style, explode=False))
    assert refused.reason is Reason.PARAMETER_INVALID


@pytest.mark.parametrize("text", ["gt,1,gt,2", "gt,1,lt", "gt"])
def test_a_flat_object_names_each_member_once_with_a_value(text: str) -> None:
    assert check("r=gt,1,lt,2", parameter("r", RANGE, explode=False)) == {"query.r": {"gt": 1, "lt": 2}}
    assert refusal(f"r={text}", parameter("r", RANGE, explode=False)).reason is Reason.PARAMETER_INVALID


ARRAY = {"type": "array", "items": {"type": "integer"}}
COLOR = {
    "type": "object",
    "properties": {"R": {"type": "integer"}, "G": {"type": "string"}},
    "additionalProperties": False,
}


@pytest.mark.parametrize(
    ("style", "explode", "schema", "raw", "value"),
    [
        ("label", False, INTEGER, ".5", 5),
        ("label", True, ARRAY, ".3.4", [3, 4]),
        ("label", True, COLOR, ".R=100.G=x", {"R": 100, "G": "x"}),
        ("matrix", False, INTEGER, ";id=5", 5),
        ("matrix", True, ARRAY, ";id=3;id=4", [3, 4]),
        ("matrix", False, COLOR, ";id=R,100,G,x", {"R": 100, "G": "x"}),
        ("simple", True, COLOR, "R=100,G=x", {"R": 100, "G": "x"}),
        ("simple", False, COLOR, "R,100,G,a%20b", {"R": 100, "G": "a b"}),
    ],
)
def test_path_styles(style: str, explode: bool, schema: dict, raw: str, value: object) -> None:
    one = parameter("id", schema, "path", style=style, explode=explode, required=True)
    assert check("", one, path={"id": raw}) == {"path.id": value}


@pytest.mark.parametrize(("style", "raw"), [("label", "5"), ("matrix", "5"), ("matrix", ";other=5"), ("simple", ".5")])
def test_another_style_is_not_taken(style: str, raw: str) -> None:
    one = parameter("id", INTEGER, "path", style=style, required=True)
    with pytest.raises(Refused) as refused:
        check("", one, path={"id": raw})
    assert refused.value.reason is Reason.PARAMETER_INVALID


def test_a_separator_inside_a_part_is_not_taken() -> None:
    one = parameter("c", COLOR, explode=False)
    assert check("c=R,1,G,x", one) == {"query.c": {"R": 1, "G": "x"}}
    assert refusal("c=R,1,G,x%2Cy", one).reason is Reason.PARAMETER_INVALID
    assert refusal("c=R,1,%52,2", one).reason is Reason.PARAMETER_INVALID
    spaced = parameter("c", COLOR, style="spaceDelimited", explode=False)
    assert check("c=R%201%20G%20x", spaced) == {"query.c": {"R": 1, "G": "x"}}


def test_header_lists_are_one_list_however_they_are_joined() -> None:
    one = parameter("X-Ids", ARRAY, "header")
    for headers in ((("x-ids", "1, 2"),), (("x-ids", "1"), ("x-ids", "2"))):
        assert check("", one, headers=headers) == {"header.X-Ids": [1, 2]}
    single = parameter("X-Id", INTEGER, "header")
    assert refusal("", single, headers=(("x-id", "1"), ("x-id", "2"))).reason is Reason.PARAMETER_DUPLICATE


def test_numbers_keep_their_digits() -> None:
    one = parameter("amount", {"type": "number", "multipleOf": 0.01})
    assert str(check("amount=19.99", one)["query.amount"]) == "19.99"
    assert str(check("amount=0.10", one)["query.amount"]) == "0.10"
    assert refusal("amount=0.1000000000000000055", one).reason is Reason.PARAMETER_INVALID
    assert refusal("amount=1e999", one).reason is Reason.PARAMETER_INVALID


def test_texts_are_in_their_normal_form() -> None:
    one = parameter("q", STRING)
    assert check("q=%C3%A9", one) == {"query.q": "é"}
    assert refusal("q=e%CC%81", one).reason is Reason.TEXT_NOT_NORMAL


def test_an_empty_value_where_the_document_allows_one() -> None:
    assert check("page=", parameter("page", INTEGER, allow_empty=True)) == {}
    assert refusal("page=x", parameter("page", INTEGER, allow_empty=True)).reason is Reason.PARAMETER_INVALID
