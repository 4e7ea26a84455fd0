"""The last policy that was accepted, kept whole, so that a role restarts by it whatever the file says now."""

import os
import shutil
from pathlib import Path

import msgspec

from ringfence.policy.exports import absolute_export, absolute_notify
from ringfence.policy.feeds import absolute_feeds
from ringfence.policy.load import LoadedPolicy
from ringfence.policy.model import Api, ApiVersion, Policy, Tls
from ringfence.policy.places import Places
from ringfence.policy.signals import absolute_signals
from ringfence.policy.signer_places import absolute_signer

_CEDAR = "authorization"
KEPT = 5
"""Earlier snapshots that are kept to look at."""


def directory(where: Places) -> Path:
    """Return where the snapshots of an installation lie."""
    return where.state / "policy"


def current(where: Places) -> Path:
    """Return the path by which roles read the accepted policy: it always names the newest snapshot."""
    return directory(where) / "current" / "ringfence.yaml"


def accept(loaded: LoadedPolicy) -> Path:
    """Keep a copy of an accepted policy and its documents, make it the current one, and return its path.

    Paths in the copy are absolute; the copy is JSON, which is YAML. The switch is one rename.
    """
    where = loaded.places
    base = directory(where)
    base.mkdir(parents=True, exist_ok=True, mode=0o700)
    final = base / loaded.digest[:16]
    if not final.exists():
        making = base / f"{final.name}.making"
        shutil.rmtree(making, ignore_errors=True)
        making.mkdir(mode=0o700)
        apis = tuple(_copied(api, where, making, final) for api in loaded.policy.apis)
        policy = _absolute(msgspec.structs.replace(loaded.policy, apis=apis), where)
        policy = _with_cedar(policy, loaded, making, final)
        (making / "ringfence.yaml").write_bytes(msgspec.json.format(msgspec.json.encode(policy)))
        making.rename(final)
    link = base / "current.making"
    link.unlink(missing_ok=True)
    link.symlink_to(final.name)
    link.rename(base / "current")
    os.utime(final)
    _forget_old(base, final)
    return current(where)


def _copied(api: Api, where: Places, making: Path, final: Path) -> Api:
    versions: list[ApiVersion] = []
    for version in api.versions:
        source = where.file(version.openapi)
        name = f"{api.name}.{version.name}{source.suffix}"
        shutil.copyfile(source, making / name)
        versions.append(msgspec.structs.replace(version, openapi=str(final / name)))
    return msgspec.structs.replace(api, versions=tuple(versions))


def _with_cedar(policy: Policy, loaded: LoadedPolicy, making: Path, final: Path) -> Policy:
    """Write down the Cedar policies as they were judged: their files may say something else by now."""
    if policy.authorization is None or loaded.cedar is None:
        return policy
    (making / _CEDAR).mkdir(mode=0o700)
    for file in loaded.cedar.files:
        (making / _CEDAR / f"{file.path.name.removesuffix('.cedar')}.cedar").write_text(file.text, "utf-8")
    authorization = msgspec.structs.replace(policy.authorization, cedar=str(final / _CEDAR))
    return msgspec.structs.replace(policy, authorization=authorization)


def _absolute(policy: Policy, where: Places) -> Policy:
    listeners = policy.listeners
    mtls = listeners.mtls
    if mtls is not None:
        trusted = tuple(str(where.file(path)) for path in mtls.client_certificates.authorities)
        mtls = msgspec.structs.replace(
            mtls,
            tls=_tls(mtls.tls, where),
            client_certificates=msgspec.structs.replace(mtls.client_certificates, authorities=trusted),
        )
    public = msgspec.structs.replace(listeners.public, tls=_tls(listeners.public.tls, where))
    return msgspec.structs.replace(
        _absolute_files(policy, where),
        state=str(where.state),
        keys=str(where.keys),
        geo=str(where.file(policy.geo)) if policy.geo else "",
        signer=absolute_signer(policy.signer, where),
        listeners=msgspec.structs.replace(listeners, public=public, mtls=mtls),
        export=absolute_export(policy.export, where),
        intelligence=absolute_feeds(policy.intelligence, where),
        notify=absolute_notify(policy.notify, where),
        signals=absolute_signals(policy.signals, where),
    )


def _absolute_files(policy: Policy, where: Places) -> Policy:
    """What a role reads beside the policy lies where the policy file lies, not where its copy does."""

    def at(path: str) -> str:
        return str(where.file(path)) if path else ""

    records, oauth = policy.records, policy.oauth
    if records is not None:
        records = msgspec.structs.replace(
            records, password_file=at(records.password_file), authority=at(records.authority)
        )
    passwords = msgspec.structs.replace(oauth.passwords, leaked=at(oauth.passwords.leaked))
    return msgspec.structs.replace(
        policy,
        records=records,
        oauth=msgspec.structs.replace(oauth, passwords=passwords),
        gateway=msgspec.structs.replace(policy.gateway, core_rules=at(policy.gateway.core_rules)),
        watch=msgspec.structs.replace(
            policy.watch,
            rules=at(policy.watch.rules),
            playbooks=at(policy.watch.playbooks),
            anomalies=msgspec.structs.replace(policy.watch.anomalies, baseline=at(policy.watch.anomalies.baseline)),
        ),
    )


def _tls(tls: Tls, where: Places) -> Tls:
    return msgspec.structs.replace(tls, certificate=str(where.file(tls.certificate)), key=str(where.file(tls.key)))


def _forget_old(base: Path, final: Path) -> None:
    snapshots = sorted(
        (path for path in base.iterdir() if path.is_dir() and not path.is_symlink()),
        key=lambda path: path.stat().st_mtime,
        reverse=True,
    )
    for old in snapshots[KEPT:]:
        if old != final:
            shutil.rmtree(old, ignore_errors=True)
