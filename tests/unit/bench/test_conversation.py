from bench.conversation import Answer


def test_an_answer_is_put_together_from_its_pieces():
    answer = Answer()
    answer.on_header(b"Location", b"/next")
    for piece in (b"a", b"b"):
        answer.on_body(piece)
    assert not answer.whole
    answer.on_message_complete()
    assert (answer.headers, answer.body, answer.whole) == ({"location": "/next"}, b"ab", True)
