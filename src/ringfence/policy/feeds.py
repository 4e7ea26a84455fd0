"""What `intelligence` of a policy comes to, and what does not fit together."""

import ipaddress
import stat
from collections.abc import Iterator
from typing import Final

import msgspec

from ringfence.policy.intelligence_model import Feed, Intelligence
from ringfence.policy.mistakes import Mistake
from ringfence.policy.model import Policy
from ringfence.policy.places import Places
from ringfence.policy.yaml_source import Path as At
from ringfence.policy.yaml_source import Source

_SECRET_FILES: Final = ("token_file", "key_file")
_OF_AGENTS: Final = frozenset({"list", "crawlers"})


def about_agents(feed: Feed) -> bool:
    """Say whether a feed names user agents."""
    return feed.format == "crawlers" or feed.about == "user-agent"


def absolute_feeds(intelligence: Intelligence, where: Places) -> Intelligence:
    """Return it with every path absolute, for the copy that roles read."""

    def at(path: str) -> str:
        return str(where.file(path)) if path else ""

    feeds = {
        name: msgspec.structs.replace(
            feed,
            path=at(feed.path),
            token_file=at(feed.token_file),
            key_file=at(feed.key_file),
            authority=at(feed.authority),
        )
        for name, feed in intelligence.feeds.items()
    }
    return msgspec.structs.replace(intelligence, feeds=feeds)


def feed_mistakes(policy: Policy, where: Places, source: Source) -> Iterator[Mistake]:
    """Yield what cannot be: two sources for a feed, columns without CSV, files that are not there."""
    for name, feed in policy.intelligence.feeds.items():
        at: At = ("intelligence", "feeds", name)
        yield from _source(feed, where, source, at)
        yield from _form(feed, source, at)
        yield from _secrets(feed, where, source, at)
    for index, text in enumerate(policy.intelligence.allow):
        try:
            ipaddress.ip_network(text)
        except ValueError as why:
            yield source.mistake(
                ("intelligence", "allow", index), f"`{text}` is no network: {why}", "write 192.0.2.7 or 192.0.2.0/24"
            )


def _source(feed: Feed, where: Places, source: Source, at: At) -> Iterator[Mistake]:
    if bool(feed.path) == bool(feed.url):
        yield source.mistake(at, "a feed has either `path` or `url`", "write one of them", key=True)
    elif feed.path and not where.file(feed.path).is_file():
        yield source.mistake((*at, "path"), f"there is no file {feed.path}", "write the path of the feed")
    if feed.format == "taxii" and not feed.url:
        yield source.mistake(at, "a TAXII collection has a `url`", "write the URL of the collection", key=True)


def _form(feed: Feed, source: Source, at: At) -> Iterator[Mistake]:
    if feed.format == "csv" and not feed.network_column:
        yield source.mistake(at, "CSV needs `network_column`", "write the name of the column", key=True)
    if feed.format != "csv" and (feed.network_column or feed.confidence_column):
        yield source.mistake(
            at, f"`{feed.format}` has no columns", "take the columns away, or write format: csv", key=True
        )
    if feed.about == "user-agent" and feed.format not in _OF_AGENTS:
        yield source.mistake((*at, "about"), f"`{feed.format}` is read for networks", "write format: list")
    if about_agents(feed) and feed.action != "tag":
        yield source.mistake(
            (*at, "action"), "a user agent is what a caller says of itself", "write tag, and a rule that looks at more"
        )


def _secrets(feed: Feed, where: Places, source: Source, at: At) -> Iterator[Mistake]:
    if feed.token_file and feed.key_file:
        yield source.mistake(at, "one `Authorization` field holds one value", "write token_file or key_file", key=True)
    for member in (*_SECRET_FILES, "authority"):
        if not (name := getattr(feed, member)):
            continue
        file = where.file(name)
        if not file.is_file():
            yield source.mistake((*at, member), f"there is no file {name}", "write the path of the file")
        elif member in _SECRET_FILES and file.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            yield source.mistake((*at, member), f"others can read {name}", f"chmod 600 {name}")
