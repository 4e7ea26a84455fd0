"""The process of a witness: somebody else's machine, one file of memory, HTTP behind whatever TLS they have."""

import asyncio
import hashlib
from contextlib import AsyncExitStack, closing
from pathlib import Path
from typing import Final

import structlog
from granian.constants import Interfaces
from granian.server.embed import Server
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from ringfence.app.process import Role, Signals
from ringfence.app.untraceable import hide_memory
from ringfence.audit.note import COSIGNATURE, NoteKey
from ringfence.audit.witness import Declined, Witness
from ringfence.audit.witness_protocol import BAD, LONGEST, PATH
from ringfence.clock import Clock, system_clock
from ringfence.keys.providers.checkpoint_files import CheckpointFiles
from ringfence.store.interface import Unavailable

_log = structlog.get_logger("ringfence.witness")

KEY_FILE: Final = "witness.pem"
MEMORY: Final = "witness.db"


def witness_key(state: Path, name: str) -> CheckpointFiles:
    """Return the key of a witness, which is made where there is none.  Raises CannotSign."""
    return CheckpointFiles(name, {COSIGNATURE: state / KEY_FILE})


def create_witness_app(witness: Witness, clock: Clock) -> Starlette:
    """Return the HTTP face of a witness.  C2SP tlog-witness."""
    one_at_a_time = asyncio.Lock()

    async def add(request: Request) -> Response:
        body = bytearray()
        async for piece in request.stream():
            body += piece
            if len(body) > LONGEST:
                return PlainTextResponse("the submission is too long\n", BAD)
        try:
            async with one_at_a_time:
                line = await asyncio.to_thread(witness.cosign, bytes(body), clock())
        except Declined as why:
            _log.warning("not cosigned", why=why.why, status=why.status, against_the_log=why.evidence)
            content, media_type = why.answer
            return Response(content, why.status, media_type=media_type)
        except Unavailable as why:
            _log.error("memory", why=str(why))
            return PlainTextResponse("not now\n", 503)
        return Response(line.encode(), media_type="text/plain; charset=utf-8")

    async def last(request: Request) -> Response:
        """The monitoring side: the last checkpoint of the log whose origin has this SHA-256."""
        for origin in witness.origins:
            if hashlib.sha256(origin.encode()).hexdigest() == request.path_params["origin"]:
                note = witness.last(origin)
                if note is not None:
                    return PlainTextResponse(note)
        return PlainTextResponse("nothing has been cosigned for that log\n", 404)

    return Starlette(routes=[Route(PATH, add, methods=["POST"]), Route("/{origin}/checkpoint", last, methods=["GET"])])


def witness_role(state: Path, name: str, logs: tuple[NoteKey, ...], address: str, port: int) -> Role:
    """Return the role of a witness.

    Args:
        state: directory of its key and its memory.
        name: names it in cosignatures.
        logs: the key of each log; several of one name stand for one log.
        address: to listen on.
        port: the same.
    """

    async def run(signals: Signals) -> None:
        hide_memory()
        state.mkdir(mode=0o700, parents=True, exist_ok=True)  # noqa: ASYNC240 - one call, at the start
        keys = witness_key(state, name)
        by_origin = {key.name: tuple(k for k in logs if k.name == key.name) for key in logs}
        async with AsyncExitStack() as stack:
            key = keys.keys[0]
            witness = Witness(state / MEMORY, by_origin, key, lambda message: keys.sign_now(key, message))
            stack.enter_context(closing(witness))
            app = create_witness_app(witness, system_clock)
            server = Server(app, address, port, interface=Interfaces.ASGINL, websockets=False, log_enabled=False)

            async def end() -> None:
                await signals.stop.wait()
                server.stop()  # type: ignore[no-untyped-call]

            ending = asyncio.create_task(end())
            try:
                _log.info("witness", key=str(key), logs=sorted(by_origin), address=address, port=port)
                await server.serve()
            finally:
                ending.cancel()

    return run
