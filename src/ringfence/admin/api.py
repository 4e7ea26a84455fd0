"""The management API: JSON over a unix socket, for the command line and whoever else the socket admits.

The socket lies in a directory of mode 0700 and has mode 0600 itself, so the file system admits the user who
runs Ringfence and root, and nobody else. The server that carries this application does not pass on the
peer's credentials (SO_PEERCRED); events therefore name the socket's owner as the actor, `uid:<n>`.
"""

from starlette.applications import Starlette

from ringfence.admin.alerts import alert_routes
from ringfence.admin.audit import audit_routes
from ringfence.admin.backchannel_requests import backchannel_request_routes
from ringfence.admin.blocks import block_routes
from ringfence.admin.cases import case_routes
from ringfence.admin.charts import chart_routes
from ringfence.admin.client_keys import client_key_routes
from ringfence.admin.clients import client_routes
from ringfence.admin.consents import consent_routes
from ringfence.admin.events import event_routes
from ringfence.admin.exchange import refuse_everything
from ringfence.admin.exports import export_routes
from ringfence.admin.grants import grant_routes
from ringfence.admin.intelligence import intelligence_routes
from ringfence.admin.keys import key_routes
from ringfence.admin.limits import limit_routes
from ringfence.admin.logins import login_routes
from ringfence.admin.metrics import metrics_routes
from ringfence.admin.ports import AdminPorts
from ringfence.admin.registrations import registration_routes
from ringfence.admin.responses import response_routes
from ringfence.admin.risk import risk_routes
from ringfence.admin.rungs import rung_routes
from ringfence.admin.sessions import session_routes
from ringfence.admin.signals import signal_routes
from ringfence.admin.silences import silence_routes
from ringfence.admin.status import status_routes
from ringfence.admin.token_keys import token_key_routes
from ringfence.admin.users import user_routes
from ringfence.admin.watching import watch_routes
from ringfence.policy.model import Policy
from ringfence.problem import Reason


def create_app(policy: Policy, ports: AdminPorts) -> Starlette:
    """Return the management API of an installation as an ASGI application.

    Args:
        policy: says which scopes, algorithms and listeners a client can be registered for.
        ports: what it works with.
    """
    app = Starlette(
        routes=[
            *client_routes(policy, ports),
            *client_key_routes(policy, ports),
            *registration_routes(ports),
            *user_routes(policy, ports),
            *grant_routes(ports),
            *consent_routes(ports),
            *login_routes(policy, ports),
            *backchannel_request_routes(policy, ports),
            *session_routes(ports),
            *risk_routes(ports),
            *watch_routes(ports),
            *token_key_routes(ports),
            *event_routes(ports),
            *alert_routes(ports),
            *chart_routes(ports),
            *case_routes(ports),
            *silence_routes(ports),
            *block_routes(ports),
            *response_routes(policy, ports),
            *rung_routes(ports),
            *limit_routes(ports),
            *export_routes(policy, ports),
            *signal_routes(policy, ports),
            *intelligence_routes(ports),
            *key_routes(policy, ports),
            *audit_routes(ports),
            *status_routes(policy, ports),
            *metrics_routes(ports),
        ],
        exception_handlers={
            404: refuse_everything(ports, Reason.UNKNOWN_PATH),
            405: refuse_everything(ports, Reason.METHOD_NOT_ALLOWED),
        },
    )
    app.router.redirect_slashes = False  # a path is known or it is not
    return app
