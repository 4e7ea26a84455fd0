"""`/metrics`: what has been counted, for Prometheus; `/metrics/summary`: the same for a person."""

from starlette.applications import Starlette
from starlette.routing import Route

from ringfence.admin.exchange import Answer, Call, PlainText, refuse_everything, route
from ringfence.admin.measures import MEDIA_TYPE
from ringfence.admin.ports import AdminPorts
from ringfence.admin.summary import summary
from ringfence.problem import Reason


def metrics_routes(ports: AdminPorts) -> list[Route]:
    """Return the routes of this resource."""
    return [route(ports, "GET", "/metrics", _text), route(ports, "GET", "/metrics/summary", _summary)]


def metrics_app(ports: AdminPorts) -> Starlette:
    """Return what the plain listener serves: `GET /metrics` and nothing else."""
    app = Starlette(
        routes=[route(ports, "GET", "/metrics", _text)],
        exception_handlers={
            404: refuse_everything(ports, Reason.UNKNOWN_PATH),
            405: refuse_everything(ports, Reason.METHOD_NOT_ALLOWED),
        },
    )
    app.router.redirect_slashes = False
    return app


async def _text(call: Call) -> Answer:
    return Answer(PlainText(call.ports.measures.text(await call.ports.states()), MEDIA_TYPE))


async def _summary(call: Call) -> Answer:
    return Answer(summary(call.ports.measures.samples(), await call.ports.states()))
