"""Take pictures of every page at both widths, light and dark: `python -m tests.screenshots DIRECTORY`."""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from ringfence.demo.processes import Processes
from ringfence.demo.story import approval
from ringfence.ids import new_token, system_random
from tests.chromium import Chromium

sys.path.insert(0, str(Path(__file__).parent / "flow" / "app"))

from pages_walk import Walk
from running_installation import Running, begin

SIZES = {"desk": (1280, 900), "phone": (390, 844)}


def asking(running: Running) -> str:
    return running.partner.authorization_url(running.partner.push(("accounts", "payments")))


def take(running: Running, directory: Path, name: str, *, dark: bool) -> None:
    """Walk once at one width and keep a picture of each page."""
    width, height = SIZES[name]
    username, password = f"robin-{new_token(system_random)[:6].lower()}", new_token(system_random)
    running.management.add_user(username, password, "Robin Vale")
    issuer = running.installation.issuer
    kind = f"{name}{'-dark' if dark else ''}"
    with Chromium(directory / "driver.log", width=width, height=height, dark=dark) as browser:
        walk = Walk(browser, issuer, username, password, lambda page: browser.picture(directory / f"{kind}-{page}.png"))
        walk.through(asking(running))
        browser.authenticator()
        browser.open(f"{issuer}/oauth/my/passkeys")
        browser.type("#name", "My laptop")
        browser.press("#passkey-submit")
        browser.find("section.card")
        browser.picture(directory / f"{kind}-passkeys.png")
        browser.press("#recovery-renew")
        browser.find("#codes-heading")
        browser.picture(directory / f"{kind}-new-codes.png")
        browser.open(running.partner.authorization_url(running.partner.push(("payments",), (approval(),))))
        if not browser.has("#payment"):
            browser.press_if_there("#passkey-submit")
        browser.find("#payment")
        browser.picture(directory / f"{kind}-payment.png")
        browser.press("#allow")
        browser.find("#error")
        browser.picture(directory / f"{kind}-payment-wrong.png")
        browser.press("#passkey-submit")
        browser.until(lambda: not browser.url.startswith(issuer))
        browser.open(f"{issuer}/oauth/my/grants")
        browser.find("#own-heading")
        browser.picture(directory / f"{kind}-own-page-later.png")


def main() -> int:
    """Start an installation, and take the pictures."""
    if len(sys.argv) != 2:
        sys.stderr.write(f"{__doc__}\n")
        return 2
    directory = Path(sys.argv[1])
    directory.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as made, Processes(Path(made) / "logs") as processes:
        running = begin(Path(made), processes)
        for name in SIZES:
            for dark in (False, True):
                take(running, directory, name, dark=dark)
    return 0


if __name__ == "__main__":
    sys.exit(main())
