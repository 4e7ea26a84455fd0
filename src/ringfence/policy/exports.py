"""What `export` and `notify` of a policy come to: the sinks by name, their files, and what does not fit together."""

import stat
from collections.abc import Iterator, Mapping
from ipaddress import ip_address, ip_network
from typing import Any, Final, TypeVar, get_args
from urllib.parse import urlsplit

import msgspec

from ringfence.events import Event
from ringfence.fetching import Unfetchable, require_reachable
from ringfence.policy.export_model import Chosen, Export, FileSink, HttpSink, OtlpSink, SyslogSink, TraceSink
from ringfence.policy.mistakes import Mistake, choose
from ringfence.policy.model import Policy
from ringfence.policy.notify_model import MailChannel, Notify, SyslogChannel, Webhook
from ringfence.policy.places import Places
from ringfence.policy.yaml_source import Path as At
from ringfence.policy.yaml_source import Source

S = TypeVar("S", bound=msgspec.Struct)
AnyChannel = Webhook | MailChannel | SyslogChannel
AnySink = FileSink | SyslogSink | HttpSink | OtlpSink | TraceSink | AnyChannel

_FILES: Final = ("path", "authority", "certificate", "key", "token_file", "secret_file", "password_file")
_PRIVATE: Final = frozenset({"key", "token_file", "secret_file", "password_file"})


def sinks_of(policy: Policy) -> list[tuple[At, AnySink]]:
    """Return every sink with its place in the policy; the last member of the place is its name."""
    export = policy.export
    found: list[tuple[At, AnySink]] = []
    found += [(("export", "file", name), file) for name, file in export.file.items()]
    found += [(("export", "syslog", name), syslog) for name, syslog in export.syslog.items()]
    found += [(("export", "http", name), http) for name, http in export.http.items()]
    found += [(("export", "otlp", name), otlp) for name, otlp in export.otlp.items()]
    found += [(("export", "traces", name), traces) for name, traces in export.traces.items()]
    found += [(("notify", "webhook", name), webhook) for name, webhook in policy.notify.webhook.items()]
    found += [(("notify", "mail", name), mail) for name, mail in policy.notify.mail.items()]
    found += [(("notify", "syslog", name), syslog) for name, syslog in policy.notify.syslog.items()]
    return found


def sink_names(policy: Policy) -> list[str]:
    """Return the names of all sinks, channels included; none: nothing is to be exported."""
    return [str(at[-1]) for at, _ in sinks_of(policy)]


def event_kinds() -> list[str]:
    """Return every kind of event without its version."""
    return sorted(str(kind.__struct_config__.tag).rpartition(".")[0] for kind in get_args(Event))


def export_mistakes(policy: Policy, where: Places, source: Source) -> Iterator[Mistake]:
    """Yield what does not fit together, and files that are not there or that others can read."""
    seen: set[str] = set()
    for at, sink in sinks_of(policy):
        if str(at[-1]) in seen:
            yield source.mistake(at, f"there is another sink `{at[-1]}`", "give each sink a name of its own", key=True)
        seen.add(str(at[-1]))
        yield from _files(sink, where, source, at)
        if isinstance(sink, Chosen):
            yield from _kinds(sink, source, at)
        elif isinstance(sink, Webhook):
            yield from _inside(sink, source, at)
        elif isinstance(sink, MailChannel) and bool(sink.user) != bool(sink.password_file):
            yield source.mistake(at, "a login needs `user` and `password_file`", "write both, or neither", key=True)
    if policy.export.traces and "identifier" in policy.export.redact:
        why = "spans have no ids where identifiers are redacted"
        yield source.mistake(("export", "traces"), why, "leave out `traces`, or `identifier` of `redact`", key=True)
    paths = set()
    for name, file in policy.export.file.items():
        if where.file(file.path) in paths:
            yield source.mistake(("export", "file", name, "path"), "another sink writes there", "write another path")
        paths.add(where.file(file.path))


def _kinds(sink: Chosen, source: Source, at: At) -> Iterator[Mistake]:
    known = event_kinds()
    families = {f"{kind.partition('.')[0]}.*" for kind in known}
    for index, kind in enumerate(sink.events):
        if kind not in known and kind not in families:
            choice = choose(kind, sorted({*known, *families}))
            yield source.mistake((*at, "events", index), f"there is no kind of event `{kind}`", choice)


def _inside(webhook: Webhook, source: Source, at: At) -> Iterator[Mistake]:
    """An address in the URL, and the networks that its name may lead to."""
    for index, text in enumerate(webhook.inside):
        try:
            ip_network(text)
        except ValueError:
            yield source.mistake(
                (*at, "inside", index), f"`{text}` is no network", "as `10.20.0.0/16`, its host bits 0"
            )
            return
    host = urlsplit(webhook.url).hostname or ""
    address = "127.0.0.1" if host == "localhost" else host
    try:
        require_reachable([str(ip_address(address))], webhook.inside)
    except ValueError:
        return  # a name: what it leads to is looked at whenever it is connected to
    except Unfetchable:
        problem = f"`{host}` is no public address, and stands in no network of `inside`"
        yield source.mistake((*at, "url"), problem, "name its network in `inside`")


def _files(sink: msgspec.Struct, where: Places, source: Source, at: At) -> Iterator[Mistake]:
    for name, path in _named_files(sink):
        file = where.file(path)
        if name == "path":
            if not file.parent.is_dir():
                yield source.mistake((*at, name), f"there is no directory {file.parent}", "make it, or write another")
        elif not file.is_file():
            yield source.mistake((*at, name), f"there is no file {file}", "write a path relative to the policy file")
        elif name in _PRIVATE and file.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            yield source.mistake((*at, name), f"others than its owner can read {path}", f"run: chmod 600 {file}")
    if bool(getattr(sink, "certificate", "")) != bool(getattr(sink, "key", "")):
        yield source.mistake(
            at, "a client certificate needs `certificate` and `key`", "write both, or neither", key=True
        )


def _named_files(sink: msgspec.Struct) -> list[tuple[str, str]]:
    return [(name, getattr(sink, name)) for name in _FILES if getattr(sink, name, "")]


def absolute_export(export: Export, where: Places) -> Export:
    """Return the same with absolute paths, for the copy that roles read."""
    return msgspec.structs.replace(
        export,
        file=_absolute(export.file, where),
        syslog=_absolute(export.syslog, where),
        http=_absolute(export.http, where),
        otlp=_absolute(export.otlp, where),
        traces=_absolute(export.traces, where),
    )


def absolute_notify(notify: Notify, where: Places) -> Notify:
    """Return the same with absolute paths."""
    return msgspec.structs.replace(
        notify,
        webhook=_absolute(notify.webhook, where),
        mail=_absolute(notify.mail, where),
        syslog=_absolute(notify.syslog, where),
    )


def _absolute(sinks: Mapping[str, S], where: Places) -> dict[str, S]:
    def one(sink: S) -> S:
        files: dict[str, Any] = {name: str(where.file(path)) for name, path in _named_files(sink)}
        return msgspec.structs.replace(sink, **files)

    return {name: one(sink) for name, sink in sinks.items()}
