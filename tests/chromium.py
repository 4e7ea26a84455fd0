"""A real Chromium with a virtual authenticator, driven by chromedriver over plain HTTP.  W3C WebDriver 2; Web Authentication Level 3 §11."""

import base64
import shutil
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
"""WebDriver §12.3: the member that holds an element's id."""

WITHIN = 20.0


class Chromium:
    """One browser with a profile of its own."""

    def __init__(
        self, log: Path, *, width: int = 1280, height: int = 900, script: bool = True, dark: bool = False
    ) -> None:
        self.driver, self.browser = shutil.which("chromedriver"), shutil.which("chromium")
        self.installed = bool(self.driver and self.browser)
        self.last_credentials: list[dict[str, Any]] = []
        self.log_path, self.session = log, ""
        self.size, self.script, self.dark = (width, height), script, dark

    def __enter__(self) -> Self:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.log = self.log_path.open("w")
        self.process = subprocess.Popen([str(self.driver), f"--port={port}"], stdout=self.log, stderr=subprocess.STDOUT)
        self.http = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60)
        until = time.monotonic() + WITHIN
        while True:
            try:
                if self.http.get("/status").json()["value"]["ready"]:
                    break
            except httpx.TransportError:
                if time.monotonic() > until:
                    raise
            time.sleep(0.05)
        arguments = ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--hide-scrollbars", "--disable-gpu"]
        options: dict[str, Any] = {"binary": self.browser, "args": arguments}
        if not self.script:
            options["prefs"] = {"profile.managed_default_content_settings.javascript": 2}
        asked = {"browserName": "chrome", "acceptInsecureCerts": True, "goog:chromeOptions": options}
        made = self.http.post("/session", json={"capabilities": {"alwaysMatch": asked}}).json()["value"]
        assert "sessionId" in made, made
        self.session = made["sessionId"]
        self.devtools(
            "Emulation.setDeviceMetricsOverride",
            width=self.size[0],
            height=self.size[1],
            deviceScaleFactor=1,
            mobile=self.size[0] < 500,
        )
        if self.dark:
            self.devtools("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark"}])
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if self.session:
                self.http.delete(f"/session/{self.session}")
        finally:
            self.process.terminate()
            self.process.wait(10)
            self.http.close()
            self.log.close()

    def call(self, path: str, body: dict[str, Any] | None = None, method: str = "POST") -> Any:
        answer = self.http.request(method, f"/session/{self.session}{path}", json={} if body is None else body)
        value = answer.json()["value"]
        assert answer.status_code == 200, value
        return value

    def devtools(self, command: str, **parameters: Any) -> Any:
        return self.call("/goog/cdp/execute", {"cmd": command, "params": parameters})

    def open(self, url: str) -> None:
        self.call("/url", {"url": url})

    @property
    def url(self) -> str:
        return str(self.http.get(f"/session/{self.session}/url").json()["value"])

    @property
    def text(self) -> str:
        return str(self.http.get(f"/session/{self.session}/source").json()["value"])

    def has(self, css: str) -> bool:
        found = self.http.post(f"/session/{self.session}/elements", json={"using": "css selector", "value": css})
        return bool(found.json()["value"])

    def find(self, css: str) -> str:
        until = time.monotonic() + WITHIN
        while not self.has(css):
            assert time.monotonic() < until, f"no {css} at {self.url}\n{self.text[-3000:]}"
            time.sleep(0.05)
        return str(self.call("/element", {"using": "css selector", "value": css})[ELEMENT])

    def type(self, css: str, text: str) -> None:
        element = self.find(css)
        self.call(f"/element/{element}/clear")
        self.call(f"/element/{element}/value", {"text": text})

    def press(self, css: str) -> None:
        self.call(f"/element/{self.find(css)}/click")

    def shows(self, css: str) -> bool:
        return bool(self.http.get(f"/session/{self.session}/element/{self.find(css)}/displayed").json()["value"])

    def run(self, script: str) -> Any:
        return self.call("/execute/sync", {"script": script, "args": []})

    def picture(self, path: Path) -> None:
        """Keep what the whole page looks like."""
        shot = self.devtools("Page.captureScreenshot", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(shot["data"]))

    def authenticator(self, *, verified: bool = True) -> str:
        """Plug in an authenticator that keeps passkeys; `verified`: it will say that it knows its owner."""
        options = {
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": verified,
            "isUserConsenting": True,
        }
        return str(self.call("/webauthn/authenticator", options))

    def credentials(self, authenticator: str) -> list[dict[str, Any]]:
        return list(self.call(f"/webauthn/authenticator/{authenticator}/credentials", None, "GET"))

    def unplug(self, authenticator: str) -> None:
        """Take an authenticator away; `last_credentials` is what it held."""
        self.last_credentials = self.credentials(authenticator)
        self.call(f"/webauthn/authenticator/{authenticator}", None, "DELETE")

    def plug(self, authenticator: str, credentials: list[dict[str, Any]]) -> None:
        """Give an authenticator the credentials of another."""
        for one in credentials:
            self.call(f"/webauthn/authenticator/{authenticator}/credential", one)

    def cookie(self, name: str) -> str:
        found = self.devtools("Network.getAllCookies")["cookies"]
        return next((str(one["value"]) for one in found if one["name"] == name), "")

    def forget(self, name: str) -> None:
        self.http.delete(f"/session/{self.session}/cookie/{name}")

    def press_if_there(self, css: str) -> None:
        """Press what a page may have left meanwhile by itself."""
        found = self.http.post(f"/session/{self.session}/element", json={"using": "css selector", "value": css})
        if found.status_code == 200:
            element = found.json()["value"][ELEMENT]
            self.http.post(f"/session/{self.session}/element/{element}/click", json={})

    def until(self, true: Callable[[], bool]) -> None:
        end = time.monotonic() + WITHIN
        while not true():
            assert time.monotonic() < end, f"{self.url}\n{self.text[-3000:]}"
            time.sleep(0.05)
