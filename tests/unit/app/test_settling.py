import json

from ringfence.app.settling import SettledAnswers
from ringfence.store.interface import Unavailable


class Scene:
    def __init__(self, fails=False):
        self.order = []
        self.sent = []
        self.fails = fails

    async def settle(self):
        self.order.append("settle")
        if self.fails:
            raise Unavailable("disk gone")

    async def app(self, scope, receive, send):
        self.order.append("act")
        headers = [(b"x-correlation-id", b"abc"), (b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"done"})

    async def send(self, message):
        self.order.append(message["type"])
        self.sent.append(message)


async def test_an_answer_waits_until_what_was_done_is_on_the_disk():
    scene = Scene()
    await SettledAnswers(scene.app, scene.settle)({"type": "http"}, None, scene.send)
    assert scene.order == ["act", "settle", "http.response.start", "http.response.body"]
    assert scene.sent[1]["body"] == b"done"


async def test_what_may_be_lost_is_not_answered_as_done():
    scene = Scene(fails=True)
    await SettledAnswers(scene.app, scene.settle)({"type": "http"}, None, scene.send)
    start, body = scene.sent
    assert start["status"] == 503
    assert (b"x-correlation-id", b"abc") in start["headers"]
    problem = json.loads(body["body"])
    assert problem["correlation_id"] == "abc"
    assert b"disk gone" not in body["body"]
