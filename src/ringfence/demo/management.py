"""What the bank's staff do: register partners and customers, revoke grants, over the management socket."""

from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from ringfence.demo.installation import over_socket
from ringfence.demo.partner import Unexpected


class Management:
    """The management API of a running installation."""

    def __init__(self, socket: Path) -> None:
        """Take the unix socket's path."""
        self._http: Final = over_socket(socket)

    def __enter__(self) -> Self:
        """Return the client."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connection."""
        self._http.close()

    def add_client(self, client: dict[str, Any]) -> str:
        """Register a partner's client and return its id."""
        return str(self._call("POST", "/clients", client)["client_id"])

    def add_user(self, username: str, password: str, name: str) -> str:
        """Register a customer who can log in and return their id."""
        return str(self._call("POST", "/users", {"username": username, "password": password, "name": name})["user_id"])

    def grants(self, client_id: str) -> list[dict[str, Any]]:
        """Return the grants of a client."""
        return list(self._call("GET", "/grants", params={"client_id": client_id})["items"])

    def revoke_grant(self, grant_id: str) -> None:
        """Take back what a customer allowed."""
        self._call("POST", f"/grants/{grant_id}/revoke", {"why": "the customer asked the bank to"})

    def _call(self, method: str, path: str, body: Any = None, params: dict[str, str] | None = None) -> Any:
        response = self._http.request(method, path, json=body, params=params)
        if not response.is_success:
            raise Unexpected(f"management {method} {path} answered {response.status_code}: {response.text[:500]}")
        return response.json()
