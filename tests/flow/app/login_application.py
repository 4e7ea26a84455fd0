"""The smallest login application there could be: a form, a password of its own, and the management API.

    python login_application.py --port 9100 --socket state/run/admin.sock

It keeps the challenge that a browser came with in a cookie, and answers that one only: an answer to another
challenge would log a stranger's browser in.
"""

import argparse
import asyncio
import html
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import httpx
from granian.constants import Interfaces
from granian.server.embed import Server
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

PEOPLE = {"nia": "open sesame"}
FORM = """<!doctype html><title>{title}</title><p>{said}</p>
<form id="{kind}-form" method="post" action="/{kind}"><input type="hidden" name="challenge" value="{challenge}">{fields}
<button id="go" name="decision" value="yes">Go on</button><button id="stop" name="decision" value="no">Stop</button></form>"""
FIELDS = '<input name="name"><input name="password" type="password">'


class Application:
    def __init__(self, socket: Path) -> None:
        transport = httpx.AsyncHTTPTransport(uds=str(socket))
        self.ringfence = httpx.AsyncClient(transport=transport, base_url="http://ringfence")

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/login", self.form, methods=["GET"]),
                Route("/login", self.log_in, methods=["POST"]),
                Route("/consent", self.form, methods=["GET"]),
                Route("/consent", self.consent, methods=["POST"]),
            ]
        )

    async def form(self, request: Request) -> Response:
        kind = request.url.path.strip("/")
        challenge = request.query_params.get(f"{kind}_challenge", "")
        found = await self.ringfence.get(f"/logins/{challenge or 'none'}")
        if found.status_code != 200:
            return HTMLResponse("<p>Start again at the application that sent you here.", 404)
        asked = found.json()["request"]
        said = f"{asked['client_name']}: " + "; ".join(sentence for sentence, _ in asked.get("text", []))
        page = FORM.format(
            title=kind,
            kind=kind,
            said=html.escape(said),
            challenge=html.escape(challenge),
            fields=FIELDS if kind == "login" else "",
        )
        answer = HTMLResponse(page)
        answer.set_cookie("challenge", challenge, httponly=True, samesite="strict")
        return answer

    async def log_in(self, request: Request) -> Response:
        form = await self.posted(request)
        if form is None or PEOPLE.get(form.get("name", "")) != form.get("password"):
            return HTMLResponse("<p>No.", 403)
        said = {"subject": form["name"], "name": "Nia", "acr": "urn:bank:password", "amr": ["pwd"]}
        return await self.answered(form, said)

    async def consent(self, request: Request) -> Response:
        form = await self.posted(request)
        return HTMLResponse("<p>No.", 403) if form is None else await self.answered(form, {})

    async def posted(self, request: Request) -> dict[str, str] | None:
        form = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
        return form if form.get("challenge") == request.cookies.get("challenge") else None

    async def answered(self, form: dict[str, str], said: dict[str, Any]) -> Response:
        verb = "accept" if form.get("decision") == "yes" else "reject"
        answer = await self.ringfence.post(
            f"/logins/{form['challenge']}/{verb}", json=said if verb == "accept" else {"error": "access_denied"}
        )
        if answer.status_code != 200:
            return HTMLResponse(f"<p>{html.escape(answer.text)}", 502)
        return RedirectResponse(answer.json()["redirect_to"], 303)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--socket", type=Path, required=True)
    given = parser.parse_args()
    app = Application(given.socket).app()
    server = Server(app, address="127.0.0.1", port=given.port, interface=Interfaces.ASGINL, websockets=False)
    asyncio.run(server.serve())


if __name__ == "__main__":
    main()
