from ringfence.edge.replies import local_replies, reason_of
from ringfence.problem import MEANINGS, PROBLEM_TYPE_PREFIX, Reason


def test_every_answer_is_a_problem_that_workers_give_too():
    known = {PROBLEM_TYPE_PREFIX + reason.value: MEANINGS[reason].title for reason in Reason}
    for row in local_replies()["mappers"]:
        form = row["body_format_override"]
        assert form["content_type"] == "application/problem+json"
        assert known[form["json_format"]["type"]] == form["json_format"]["title"]
        assert form["json_format"]["correlation_id"] == "%RESP(x-correlation-id)%"
        added = {each["header"]["key"]: each["header"]["value"] for each in row["headers_to_add"]}
        assert added == {"cache-control": "no-store", "x-correlation-id": "%UNIQUE_ID%"}


def test_the_narrow_rows_come_before_the_wide_ones():
    comparisons = [
        (
            row["filter"]["status_code_filter"]["comparison"]["op"],
            row["filter"]["status_code_filter"]["comparison"]["value"]["default_value"],
        )
        for row in local_replies()["mappers"]
        if "status_code_filter" in row["filter"]
    ]
    assert comparisons[-2:] == [("GE", 500), ("GE", 400)]
    assert all(operator == "EQ" for operator, _ in comparisons[:-2])


def test_upgrades_and_unknown_codings_are_bad_requests():
    told = {
        row["filter"]["status_code_filter"]["comparison"]["value"]["default_value"]: row["status_code"]
        for row in local_replies()["mappers"]
        if "status_code_filter" in row["filter"]
    }
    assert (told[403], told[501], told[502], told[431], told[503]) == (400, 400, 500, 431, 503)


def test_the_reason_of_an_answer_is_the_one_in_its_row():
    for row in local_replies()["mappers"][2:-2]:
        told = row["status_code"]
        reason = row["body_format_override"]["json_format"]["type"]
        seen = row["filter"]["status_code_filter"]["comparison"]["value"]["default_value"]
        if told == seen:
            assert PROBLEM_TYPE_PREFIX + reason_of(told, "x").value == reason
    assert reason_of(400, "direct_response") is Reason.UNSAFE_PATH
    assert (reason_of(418, "x"), reason_of(599, "x")) == (Reason.MALFORMED_REQUEST, Reason.INTERNAL)
