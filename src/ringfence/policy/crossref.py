"""Hold the parts of a policy against one another and against the files that it names."""

import stat
from collections.abc import Iterator
from urllib.parse import urlsplit

from ringfence.policy.colours import LEAST_CONTRAST, WHITE, contrast
from ringfence.policy.exports import export_mistakes
from ringfence.policy.feeds import feed_mistakes
from ringfence.policy.limits import limit_mistakes
from ringfence.policy.mistakes import Mistake, choose
from ringfence.policy.model import ApiVersion, Demands, Policy, Tls
from ringfence.policy.places import Places
from ringfence.policy.rules import differing_rules
from ringfence.policy.rules_model import Rule
from ringfence.policy.yaml_source import Path, Source


def cross_references(policy: Policy, where: Places, source: Source) -> list[Mistake]:
    """Return what does not fit together, documents aside."""
    return [
        *_urls(policy, source),
        *_accent(policy, source),
        *_records(policy, where, source),
        *_leaked(policy, where, source),
        *_exchanges(policy, source),
        *_listeners(policy, where, source),
        *_apis(policy, source),
        *_rules(policy, where, source),
        *limit_mistakes(policy.limits, source),
        *export_mistakes(policy, where, source),
        *feed_mistakes(policy, where, source),
    ]


def _urls(policy: Policy, source: Source) -> Iterator[Mistake]:
    for name, url in (("issuer", policy.issuer), ("mtls_url", policy.mtls_url)):
        if url and (problem := url_problem(url)):
            yield source.mistake((name,), f"`{name}` {problem}", "write https://host, with :port where it is not 443")
    for path, version in _versions(policy):
        if problem := url_problem(version.upstream.url):
            yield source.mistake((*path, "upstream", "url"), f"`url` {problem}", "write http://host:port")


def _accent(policy: Policy, source: Source) -> Iterator[Mistake]:
    seen = contrast(policy.oauth.pages.accent, WHITE)
    if seen < LEAST_CONTRAST:
        yield source.mistake(
            ("oauth", "pages", "accent"),
            f"white text on `{policy.oauth.pages.accent}` has a contrast of {seen:.1f}",
            f"take a darker colour: at least {LEAST_CONTRAST} (WCAG 2.2 §1.4.3)",
        )


def url_problem(url: str) -> str:
    """Return what is wrong with a URL's authority, or `""`."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "has a port or host that cannot be read"
    if "@" in parts.netloc:
        return "names a user"
    if port == 0:
        return "has the port 0"
    host = parts.hostname or ""
    labels = host.rstrip(".").split(".")
    if ":" not in host and not all(
        label
        and label[0] != "-"
        and label[-1] != "-"
        and label.replace("-", "").replace("_", "").isalnum()
        and label.isascii()
        for label in labels
    ):
        return f"has a host that is no host name: `{host}`"
    return ""


def _listeners(policy: Policy, where: Places, source: Source) -> Iterator[Mistake]:
    public, mtls = policy.listeners.public, policy.listeners.mtls
    yield from _tls(public.tls, where, source, ("listeners", "public", "tls"))
    if mtls is None:
        return
    yield from _tls(mtls.tls, where, source, ("listeners", "mtls", "tls"))
    at: Path = ("listeners", "mtls")
    same = public.address == mtls.address or {public.address, mtls.address} & {"0.0.0.0", "::"}  # noqa: S104 - compared, not bound
    if same and public.port == mtls.port:
        yield source.mistake((*at, "port"), f"the public listener has port {mtls.port} too", "write another port")
    if same and mtls.udp_port is not None and public.udp_port == mtls.udp_port:
        yield source.mistake(
            (*at, "udp_port"), f"the public listener has UDP port {mtls.udp_port} too", "write another port"
        )
    trusted = mtls.client_certificates
    for index, file in enumerate(trusted.authorities):
        yield from _file(file, where, source, (*at, "client_certificates", "authorities", index))
    if not trusted.authorities and not trusted.self_signed:
        yield source.mistake(
            (*at, "client_certificates"),
            "no client certificate could ever be accepted",
            "name `authorities`, or write `self_signed: true`",
        )


def _records(policy: Policy, where: Places, source: Source) -> Iterator[Mistake]:
    records = policy.records
    if records is None:
        return
    if records.password_file and records.password_variable:
        yield source.mistake(
            ("records", "password_variable"), "the password has two sources", "keep this or `password_file`"
        )
    if records.password_file:
        yield from _private(records.password_file, where, source, ("records", "password_file"))
    if records.authority:
        yield from _file(records.authority, where, source, ("records", "authority"))


def _leaked(policy: Policy, where: Places, source: Source) -> Iterator[Mistake]:
    leaked = policy.oauth.passwords.leaked
    if leaked and not where.file(leaked).is_dir():
        yield from _file(leaked, where, source, ("oauth", "passwords", "leaked"))


def _rules(policy: Policy, where: Places, source: Source) -> Iterator[Mistake]:
    if policy.geo:
        yield from _file(policy.geo, where, source, ("geo",))
    for at, name in differing_rules(_placed_rules(policy)):
        message = f"another rule `{name}` counts something else, into the same sum"
        yield source.mistake(at, message, "write the same, or another name")


def _placed_rules(policy: Policy) -> Iterator[tuple[Path, tuple[Rule, ...]]]:
    for at, version in _versions(policy):
        yield (*at, "defaults", "rules"), version.defaults.rules or ()
        for name, demands in version.operations.items():
            yield (*at, "operations", name, "rules"), demands.rules or ()


def _exchanges(policy: Policy, source: Source) -> Iterator[Mistake]:
    """What may be passed on has to be something, and nobody acts for itself."""
    oauth = policy.oauth
    for index, rule in enumerate(oauth.may_act):
        at: Path = ("oauth", "may_act", index)
        for number, scope in enumerate(rule.scopes):
            if scope not in oauth.scopes:
                what = f"there is no scope `{scope}` under `oauth.scopes`"
                yield source.mistake((*at, "scopes", number), what, choose(scope, oauth.scopes))
        for number, name in enumerate(rule.authorization_details):
            if name not in oauth.authorization_details:
                what = f"there is no type `{name}` under `oauth.authorization_details`"
                yield source.mistake(
                    (*at, "authorization_details", number), what, choose(name, oauth.authorization_details)
                )
        if rule.actor in rule.tokens_of:
            yield source.mistake((*at, "tokens_of"), f"`{rule.actor}` would exchange its own tokens", "leave it out")


def _tls(tls: Tls, where: Places, source: Source, at: Path) -> Iterator[Mistake]:
    yield from _file(tls.certificate, where, source, (*at, "certificate"))
    yield from _private(tls.key, where, source, (*at, "key"))


def _private(file: str, where: Places, source: Source, at: Path) -> Iterator[Mistake]:
    missing = list(_file(file, where, source, at))
    yield from missing
    if not missing and where.file(file).stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        what = str(at[-1]).replace("_", " ")
        yield source.mistake(
            at, f"others than its owner can read the {what} {file}", f"run: chmod 600 {where.file(file)}"
        )


def _file(file: str, where: Places, source: Source, at: Path) -> Iterator[Mistake]:
    found = where.file(file)
    if not found.is_file():
        yield source.mistake(at, f"there is no file {found}", "write a path relative to the policy file")


def _versions(policy: Policy) -> Iterator[tuple[Path, ApiVersion]]:
    for api_index, api in enumerate(policy.apis):
        for index, version in enumerate(api.versions):
            yield ("apis", api_index, "versions", index), version


def _apis(policy: Policy, source: Source) -> Iterator[Mistake]:
    names: set[str] = set()
    for api_index, api in enumerate(policy.apis):
        at: Path = ("apis", api_index)
        if api.name in names:
            yield source.mistake((*at, "name"), f"there is another API `{api.name}`", "put its versions under one name")
        names.add(api.name)
        versions: set[str] = set()
        for index, version in enumerate(api.versions):
            here = (*at, "versions", index)
            if version.name in versions:
                yield source.mistake(
                    (*here, "name"), f"`{api.name}` has another version `{version.name}`", "write another name"
                )
            versions.add(version.name)
            yield from _demands(version.defaults, policy, source, (*here, "defaults"))
            for name, demands in version.operations.items():
                yield from _demands(demands, policy, source, (*here, "operations", name))


def _demands(demands: Demands, policy: Policy, source: Source, at: Path) -> Iterator[Mistake]:
    for index, scope in enumerate(demands.scopes or ()):
        if scope not in policy.oauth.scopes:
            instead = (
                choose(scope, policy.oauth.scopes) or "add it under `oauth.scopes` with the sentence for customers"
            )
            yield source.mistake((*at, "scopes", index), f"there is no scope `{scope}` under `oauth.scopes`", instead)
    for index, limit in enumerate(demands.limits or ()):
        if limit not in policy.limits:
            instead = choose(limit, policy.limits) or "add it under `limits`"
            yield source.mistake((*at, "limits", index), f"there is no limit `{limit}` under `limits`", instead)
    if demands.binding == "mtls" and policy.listeners.mtls is None:
        yield source.mistake((*at, "binding"), "there is no mTLS listener", "add `listeners.mtls`, or write `dpop`")
    if demands.binding == "mtls" and demands.dpop_nonce == "required":
        yield source.mistake(
            (*at, "dpop_nonce"),
            "tokens bound by mTLS come without a DPoP proof",
            "write `binding: dpop`, or `off` here",
        )
