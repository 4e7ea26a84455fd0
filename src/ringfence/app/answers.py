"""Carry out what detection decides over the management API, so that every act is one that an operator could do, and is on record."""

from pathlib import Path
from typing import Final

import httpx

from ringfence.detect.responses import Act
from ringfence.store.interface import Unavailable

SECONDS: Final = 5.0


class ManagementAnswers:
    """The management API as detection uses it."""

    def __init__(self, socket: Path) -> None:
        """Call the API at a unix socket."""
        transport = httpx.AsyncHTTPTransport(uds=str(socket))
        self._http = httpx.AsyncClient(transport=transport, base_url="http://management", timeout=SECONDS)

    async def carry_out(self, act: Act, why: str) -> str:
        """Do one act and return it in words.

        Args:
            act: what to do.
            why: `alert`, its id and its rule, between spaces.

        Raises:
            Unavailable: the management API does not answer, or cannot act at present; it may be done again.
        """
        _, alert, rule = why.split(" ", 2)
        body = {
            "kind": act.kind,
            "of": act.what,
            "value": act.value,
            "seconds": act.seconds,
            "factor": act.factor,
            "why": why,
            "by": "detection",
            "alert": alert,
            "rule": rule,
            "playbook": act.playbook,
            "hold": act.hold,
            "dry_run": act.dry_run,
        }
        try:
            response = await self._http.post("/responses", json=body)
        except httpx.HTTPError as error:
            raise Unavailable(f"management API: {error}") from error
        if response.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
            raise Unavailable(f"management API answered {response.status_code}")
        done = f"{act.kind}:{act.what}:{act.value}"
        if not response.is_success:
            return f"{done}:refused-{response.status_code}"
        state = response.json().get("state", "done")
        return done if state == "done" else f"{done}:{state}"

    async def close(self) -> None:
        """Close the connection."""
        await self._http.aclose()
