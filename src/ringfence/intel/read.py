"""A feed's documents, read as the policy says, and what is left of them within its bounds."""

import msgspec

from ringfence.clock import Instant
from ringfence.intel.agents import Agents, BadPattern
from ringfence.intel.indicator import Malformed, Reading
from ringfence.intel.lists import Columns, read_agents, read_crawlers, read_csv, read_networks
from ringfence.intel.misp import read_misp
from ringfence.intel.stix import read_stix
from ringfence.policy.feeds import about_agents
from ringfence.policy.intelligence_model import Feed

MOST_ENTRIES = 2_000_000
MOST_AGENTS = 10_000


def read(feed: Feed, documents: list[bytes], came_at: Instant, now: Instant) -> Reading:
    """Return what a feed says that is believed and in force.

    Args:
        feed: how it is read.
        documents: as they came; more than one of TAXII only.
        came_at: when they came: entries without an end of their own end so long after as the feed says.
        now: the present.

    Raises:
        Malformed: they cannot be used; the message names the place.
    """
    ends = Instant(came_at + feed.expires_after_seconds)
    if ends <= now:
        return Reading()
    if about_agents(feed):
        return _agents(feed, documents[0])
    match feed.format:
        case "csv":
            columns = Columns(feed.network_column, feed.confidence_column, feed.delimiter)
            found = read_csv(documents[0], columns, feed.confidence, ends)
        case "misp":
            found = read_misp(documents[0], feed.confidence, feed.expires_after_seconds, came_at)
        case "stix" | "taxii":
            found = read_stix(documents, feed.confidence, ends, now)
        case _:
            found = read_networks(documents[0], feed.confidence, ends)
    kept = tuple(one for one in found.indicators if one.confidence >= feed.least_confidence and one.expires_at > now)
    if len(kept) > MOST_ENTRIES:
        raise Malformed(f"it has {len(kept)} entries; {MOST_ENTRIES} are read")
    return msgspec.structs.replace(found, indicators=kept, skipped=found.skipped + len(found.indicators) - len(kept))


def _agents(feed: Feed, document: bytes) -> Reading:
    found = read_crawlers(document) if feed.format == "crawlers" else read_agents(document)
    if len(found.agents) > MOST_AGENTS:
        raise Malformed(f"it has {len(found.agents)} patterns; {MOST_AGENTS} are read")
    kept, skipped, mistake = [], 0, ""
    for number, pattern in enumerate(found.agents, 1):
        try:
            compiled = Agents([(pattern, "it")])
        except BadPattern as why:
            skipped += 1
            mistake = mistake or f"pattern {number}: {why}"
            continue
        if compiled.of("-"):  # a pattern that fits this fits everybody
            skipped += 1
            mistake = mistake or f"pattern {number}: {pattern[:60]!r} fits any user agent"
            continue
        kept.append(pattern)
    if skipped * 100 > max(len(found.agents), 100):
        raise Malformed(mistake)
    return Reading(agents=tuple(kept), skipped=skipped, mistake=mistake)
