from ringfence.oauth.answers import empty_response, json_response, page_response, see_other, with_parameters


def test_parameters_go_behind_the_uri_s_own_query():
    assert with_parameters("https://p/cb", {"code": "a b", "state": ""}) == "https://p/cb?code=a%20b"
    assert with_parameters("https://p/cb?x=1", {"iss": "https://i"}) == "https://p/cb?x=1&iss=https%3A%2F%2Fi"
    assert with_parameters("https://p/cb?", {"c": "1"}) == "https://p/cb?c=1"
    assert with_parameters("https://p/cb?x=1&", {"c": "1"}) == "https://p/cb?x=1&c=1"


def test_every_answer_says_what_it_must():
    for answer in (
        json_response({}),
        empty_response(),
        see_other("/x"),
        page_response("", nonce="n", form_action="'self'"),
    ):
        headers = dict(answer.headers)
        assert headers["cache-control"] == "no-store"
        assert headers["x-content-type-options"] == "nosniff"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["referrer-policy"] == "no-referrer"
    assert see_other("/x").status == 303
