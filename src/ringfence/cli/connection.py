"""Talk to a running Ringfence: its management API, over the unix socket that the policy's directory holds."""

import os
from pathlib import Path
from types import TracebackType
from typing import Annotated, Any, Final, NoReturn, Self
from urllib.parse import quote

import httpx
import typer

from ringfence.policy.mistakes import PolicyMistakes
from ringfence.policy.places import Places
from ringfence.policy.yaml_source import read_yaml

CALL_SECONDS: Final = 30.0
REFUSED: Final = 1
"""Exit code: it was not done, or not surely."""
NOT_RUNNING: Final = 2
"""Exit code: nobody answered, so nothing was changed."""

PolicyFile = Annotated[
    Path, typer.Option("--policy", help="The policy file of the running Ringfence.", show_default="ringfence.yaml")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
DEFAULT_POLICY: Final = Path("ringfence.yaml")


def admin_socket(policy: Path) -> Path:
    """Return where the management API of a policy's installation listens."""
    return places_of(policy).admin_socket


def places_of(policy: Path) -> Places:
    """Return where things of a policy's installation lie.

    Only `state` and `keys` are read from the file: a policy with mistakes does not keep anybody from revoking a grant.
    """
    try:
        data = read_yaml(policy.read_bytes(), str(policy), places=False).data
    except OSError as error:
        fail(f"{policy}: {error.strerror}.", "Name the policy file with --policy, or make one with: ringfence init")
    except PolicyMistakes as mistakes:
        fail(f"{mistakes}", "See everything that is wrong with it: ringfence check")
    known = data if isinstance(data, dict) else {}
    root = policy.absolute().parent
    return Places(root=root, state=root / str(known.get("state", "state")), keys=root / str(known.get("keys", "keys")))


def fail(what: str, next_step: str, code: int = NOT_RUNNING) -> NoReturn:
    """Say on stderr what is wrong and what to do about it, and end."""
    typer.echo(what, err=True)
    if next_step:
        typer.echo(next_step, err=True)
    raise typer.Exit(code)


def segment(text: str) -> str:
    """Return `text` as one segment of a path."""
    return quote(text, safe="")


class Management:
    """The management API of a running installation; every failure ends the command with a sentence."""

    def __init__(self, policy: Path) -> None:
        """Find the socket of the installation that `policy` describes."""
        self._policy = policy
        self._socket = admin_socket(policy)
        self._http = httpx.Client(
            transport=httpx.HTTPTransport(uds=str(self._socket)), base_url="http://management", timeout=CALL_SECONDS
        )

    def __enter__(self) -> Self:
        """Return the client."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connection."""
        self._http.close()

    def get(self, path: str, **params: str | int) -> Any:
        """Return what is at `path`."""
        return self._call("GET", path, None, {name: str(value) for name, value in params.items() if value != ""})

    def get_if_there(self, path: str) -> Any | None:
        """Return what is at `path`, or None where nothing is."""
        try:
            response = self._http.get(path)
        except httpx.HTTPError as error:
            self._nobody(error)
        if response.status_code == httpx.codes.NOT_FOUND:
            return None
        return response.json() if response.is_success else _explain(response)

    def text(self, path: str) -> str:
        """Return what is at `path` and is no JSON."""
        return self._answer("GET", path, None, {}).text

    def post(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """Ask for something to be done and return the answer."""
        return self._call("POST", path, body or {}, {})

    def delete(self, path: str) -> Any:
        """Have something removed and return the answer."""
        return self._call("DELETE", path, None, {})

    def find(self, collection: str, key: str, alias: str, named: str) -> dict[str, Any]:
        """Return the member of a collection that has this id (`key`) or the name in `alias`."""
        items: list[dict[str, Any]] = self.get(f"/{collection}")["items"]
        found = [i for i in items if i[key] == named] or [i for i in items if i[alias] == named]
        if len(found) == 1:
            return found[0]
        if found:
            fail(
                f"{len(found)} {collection} have that name.",
                f"Give the id: {', '.join(i[key] for i in found)}",
                REFUSED,
            )
        fail(f"There is no such thing among the {collection}: {named!r}", f"See: ringfence {collection} list", REFUSED)

    def _call(self, method: str, path: str, body: Any, params: dict[str, str]) -> Any:
        return self._answer(method, path, body, params).json()

    def _answer(self, method: str, path: str, body: Any, params: dict[str, str]) -> httpx.Response:
        try:
            response = self._http.request(method, path, json=body, params=params)
        except httpx.TimeoutException:
            fail(
                "Ringfence did not answer in time.",
                "It may have done what was asked: look before you repeat it.",
                REFUSED,
            )
        except httpx.HTTPError as error:
            self._nobody(error)
        if not response.is_success:
            _explain(response)
        return response

    def _nobody(self, error: httpx.HTTPError) -> NoReturn:
        if self._socket.parent.is_dir() and not os.access(self._socket.parent, os.X_OK):
            fail(f"You may not use {self._socket}.", "Run this as the user who runs Ringfence, or as root.")
        start = f"Start it with: ringfence up --policy {self._policy}"
        fail(f"Ringfence is not running: nobody answers at {self._socket} ({error}).", start)


def _explain(response: httpx.Response) -> NoReturn:
    """Print a problem document and end."""
    try:
        problem = response.json()
        lines = [f"{problem['title']}: {problem['detail']}" if "detail" in problem else str(problem["title"])]
        lines += [f"  {_option(fault['at'])} {fault['message']}" for fault in problem.get("errors", ())]
        lines.append(f"Correlation id: {problem['correlation_id']}")
    except (ValueError, KeyError, TypeError):
        lines = [f"Something answered {response.status_code} that is not Ringfence's management API."]
    fail("\n".join(lines), "", REFUSED)


def _option(pointer: str) -> str:
    """Return a member's place as the command line calls it."""
    return pointer.strip("/").replace("/", " ").replace("_", "-") + ":" if pointer else ""
