"""What a caller's user agent is known by in events: its class and a short hash, not its text.  RFC 9110 §10.1.5."""

from functools import lru_cache
from hashlib import sha256
from typing import Final, NamedTuple

LONGEST: Final = 512
"""Characters of the header that are looked at."""
HASH_DIGITS: Final = 12

_CRAWLERS: Final = ("bot", "crawl", "spider", "slurp", "archiver", "facebookexternalhit")
_TOOLS: Final = (
    "sqlmap", "nikto", "nmap", "masscan", "zgrab", "nuclei", "gobuster", "dirbuster", "ffuf", "wfuzz", "hydra", "burp",
    "acunetix", "nessus", "openvas", "headlesschrome", "phantomjs", "selenium", "puppeteer", "playwright", "scrapy",
)  # fmt: skip
_LIBRARIES: Final = (
    "python", "curl", "wget", "go-http-client", "java/", "okhttp", "axios", "node", "libwww", "httpx", "aiohttp",
    "postmanruntime", "insomnia", "ruby", "php", "guzzle", "apache-httpclient", "dart", "rest-assured", "perl",
)  # fmt: skip


class Agent(NamedTuple):
    """A user agent, as events have it."""

    kind: str
    """One of `crawler`, `tool` (of attackers and testers), `library`, `browser` and `other`, by what the header itself
    says, which everybody can write; `none` where there is no header."""
    digest: str
    """The first digits of the header's SHA-256; empty where there is none."""


@lru_cache(maxsize=4096)
def agent_of(header: str | None) -> Agent:
    """Return what a `User-Agent` is known by."""
    if not header:
        return Agent("none", "")
    text = header[:LONGEST]
    return Agent(_class_of(text.lower()), sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:HASH_DIGITS])


def _class_of(text: str) -> str:
    for name, words in (("tool", _TOOLS), ("crawler", _CRAWLERS), ("library", _LIBRARIES)):
        if any(word in text for word in words):
            return name
    return "browser" if text.startswith("mozilla/") else "other"
