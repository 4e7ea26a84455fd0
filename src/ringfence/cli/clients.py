"""`ringfence clients`: register partners' clients and let them go."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from ringfence.cli.connection import DEFAULT_POLICY, REFUSED, AsJson, Management, PolicyFile, fail, segment
from ringfence.cli.new_key import new_key
from ringfence.cli.tables import moment, print_json, print_record, print_table

_group = typer.Typer(help="Partners' OAuth clients.", epilog="Example: ringfence clients list", no_args_is_help=True)

Named = Annotated[str, typer.Argument(help="The client's id or name.")]


def register(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(_group, name="clients")


@_group.command(
    epilog="Example: ringfence clients add Acme --generate-key acme.pem "
    "--redirect-uri https://acme.example/callback --scope accounts"
)
def add(
    name: Annotated[str, typer.Argument(help="What customers see on the consent page.")],
    jwks: Annotated[
        Path | None,
        typer.Option(help="File with the client's public keys, a JWK set; answers are sealed to those of use `enc`."),
    ] = None,
    jwks_uri: Annotated[
        str, typer.Option(help="Where the client's public keys are: an https URL of a public host.")
    ] = "",
    generate_key: Annotated[
        Path | None, typer.Option(help="Make a key for a trial client and write the private part to this file.")
    ] = None,
    certificate: Annotated[
        Path | None, typer.Option(help="The client authenticates with this self-signed certificate (PEM).")
    ] = None,
    tls_subject: Annotated[
        str, typer.Option(help="The client authenticates with a certificate of this subject (RFC 4514).")
    ] = "",
    redirect_uri: Annotated[list[str] | None, typer.Option(help="Where customers return to; repeatable.")] = None,
    scope: Annotated[list[str] | None, typer.Option(help="A scope it may ask for; repeatable.")] = None,
    grant_type: Annotated[
        list[str] | None,
        typer.Option(
            help="Repeatable.",
            show_default="authorization_code and refresh_token; CIBA's with --ciba; with neither, client_credentials",
        ),
    ] = None,
    resource_server: Annotated[
        bool, typer.Option("--resource-server", help="It asks what access tokens are worth, and gets none itself.")
    ] = False,
    binding: Annotated[str, typer.Option(help="How its tokens are bound: dpop or mtls.")] = "dpop",
    profile: Annotated[
        str,
        typer.Option(
            help="fapi2; fapi2-message-signing for signed requests and responses; oauth2.1 where the policy has it."
        ),
    ] = "fapi2",
    details_type: Annotated[
        list[str] | None, typer.Option(help="A type of authorization details that it may ask for; repeat.")
    ] = None,
    assertion_algorithm: Annotated[
        str, typer.Option(help="The only algorithm of its client assertions: ES256, PS256 or EdDSA.")
    ] = "",
    request_algorithm: Annotated[str, typer.Option(help="The only algorithm of its signed requests.")] = "",
    dpop_algorithm: Annotated[str, typer.Option(help="The only algorithm of its DPoP proofs.")] = "",
    pairwise: Annotated[
        bool, typer.Option("--pairwise", help="It knows customers by names that no other partner has.")
    ] = False,
    access_token_seconds: Annotated[int, typer.Option(help="Shorter life of its access tokens; 0: the policy's.")] = 0,
    ciba: Annotated[str, typer.Option(help="It asks customers without a redirect, and learns by poll or ping.")] = "",
    notification_endpoint: Annotated[str, typer.Option(help="Where it is pinged: an https URL of a public host.")] = "",
    logout_uri: Annotated[
        str, typer.Option(help="Where it is told that a customer's login has ended: an https URL of a public host.")
    ] = "",
    logout_session_required: Annotated[
        bool, typer.Option("--logout-session-required", help="That has to name the session.")
    ] = False,
    post_logout_redirect_uri: Annotated[
        list[str] | None, typer.Option(help="Where customers return to after logging out; repeatable.")
    ] = None,
    policy: PolicyFile = DEFAULT_POLICY,
    as_json: AsJson = False,
) -> None:
    """Register a client and print its id."""
    if resource_server and (grant_type or redirect_uri or scope):
        raise typer.BadParameter("a resource server has no grant type, redirect URI or scope")
    asked: dict[str, Any] = {
        "name": name,
        "redirect_uris": redirect_uri or [],
        "scopes": scope or [],
        "grant_types": grant_type or ([] if resource_server else _usual_grant_types(redirect_uri, ciba)),
        "binding": binding,
        "profile": profile,
        "authorization_details_types": details_type or [],
        "access_token_seconds": access_token_seconds,
        "assertion_algorithm": assertion_algorithm,
        "request_object_algorithm": request_algorithm,
        "dpop_algorithm": dpop_algorithm,
        "subject_type": "pairwise" if pairwise else "public",
        "backchannel_token_delivery_mode": ciba,
        "backchannel_client_notification_endpoint": notification_endpoint,
        "backchannel_logout_uri": logout_uri,
        "backchannel_logout_session_required": logout_session_required,
        "post_logout_redirect_uris": post_logout_redirect_uri or [],
    }
    if sum(source is not None for source in (jwks, jwks_uri or None, generate_key, certificate)) > 1:
        raise typer.BadParameter("give one of --jwks, --jwks-uri, --generate-key and --certificate")
    with Management(policy) as management:
        if tls_subject:
            asked |= {"authentication": "tls_client_auth", "tls_subject": tls_subject}
        if certificate:
            asked |= {"authentication": "self_signed_tls_client_auth", "certificate": _read(certificate)}
        if jwks:
            asked["jwks"] = _jwks(jwks)
        if jwks_uri:
            asked["jwks_uri"] = jwks_uri
        if generate_key:
            with new_key(generate_key) as public:
                client = management.post("/clients", asked | {"jwks": {"keys": [public]}})
        else:
            client = management.post("/clients", asked)
    if as_json:
        print_json(client)
        return
    typer.echo(f"client_id: {client['client_id']}")
    if generate_key:
        typer.echo(f"Its private key is in {generate_key}: only the client may have it.")


def _usual_grant_types(redirect_uris: list[str] | None, ciba: str) -> list[str]:
    """Return what a client does that says nothing: one that customers return to, or are asked by, acts for them."""
    usual = ["authorization_code"] if redirect_uris else []
    usual += ["urn:openid:params:grant-type:ciba"] if ciba else []
    return [*usual, "refresh_token"] if usual else ["client_credentials"]


@_group.command("list", epilog="Example: ringfence clients list --json")
def list_(policy: PolicyFile = DEFAULT_POLICY, as_json: AsJson = False) -> None:
    """List all clients."""
    with Management(policy) as management:
        items = management.get("/clients")["items"]
    if as_json:
        print_json(items)
        return
    print_table(
        ("client", "name", "status", "authentication", "binding", "scopes", "since", "ends soon"),
        (
            (
                c["client_id"],
                c["name"],
                c["status"],
                c["authentication"],
                c["binding"],
                c["scopes"],
                moment(c["created_at"]),
                [f"{end['what']} {moment(end['at'])}" for end in c["ends"] if end["soon"]],
            )
            for c in items
        ),
        "There is no client yet. Add one with: ringfence clients add",
    )


@_group.command(epilog="Example: ringfence clients show Acme")
def show(client: Named, policy: PolicyFile = DEFAULT_POLICY, as_json: AsJson = False) -> None:
    """Show one client."""
    with Management(policy) as management:
        found = _find(management, client)
    (print_json if as_json else print_record)(found)


@_group.command(epilog="Example: ringfence clients suspend Acme")
def suspend(client: Named, policy: PolicyFile = DEFAULT_POLICY, as_json: AsJson = False) -> None:
    """Stop a client until `activate`: no new tokens, and its next call is refused."""
    _act(policy, client, "suspend", as_json=as_json)


@_group.command(epilog="Example: ringfence clients activate Acme")
def activate(client: Named, policy: PolicyFile = DEFAULT_POLICY, as_json: AsJson = False) -> None:
    """Let a suspended client go on."""
    _act(policy, client, "activate", as_json=as_json)


@_group.command(epilog="Example: ringfence clients revoke Acme")
def revoke(client: Named, policy: PolicyFile = DEFAULT_POLICY, as_json: AsJson = False) -> None:
    """Stop a client for good; it stays on record."""
    _act(policy, client, "revoke", as_json=as_json)


@_group.command(epilog="Example: ringfence clients remove Acme --yes")
def remove(
    client: Named,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    policy: PolicyFile = DEFAULT_POLICY,
) -> None:
    """Remove a client with everything issued to it, record and all."""
    with Management(policy) as management:
        found = _find(management, client)
        if not yes:
            typer.confirm(f"Remove {found['name']} ({found['client_id']}) and all its grants?", abort=True)
        management.delete(f"/clients/{segment(found['client_id'])}")
    typer.echo(f"{found['client_id']} is removed.")


@_group.command(epilog="Example: ringfence clients keys Acme --jwks new.json")
def keys(
    client: Named,
    jwks: Annotated[
        Path | None, typer.Option(help="File with the client's new public keys, a JWK set, all that it has.")
    ] = None,
    jwks_uri: Annotated[str, typer.Option(help="Where the client's public keys are from now on.")] = "",
    certificate: Annotated[Path | None, typer.Option(help="The client's new self-signed certificate (PEM).")] = None,
    at_once: Annotated[
        bool, typer.Option("--at-once", help="Refuse the former keys from now on, as after a theft.")
    ] = False,
    policy: PolicyFile = DEFAULT_POLICY,
) -> None:
    """Give a client new keys; the former ones are taken for a while, as the policy says."""
    if sum(source is not None for source in (jwks, jwks_uri or None, certificate)) != 1:
        raise typer.BadParameter("give one of --jwks, --jwks-uri and --certificate")
    asked: dict[str, Any] = {"overlap_seconds": 0} if at_once else {}
    if jwks:
        asked["jwks"] = _jwks(jwks)
    if jwks_uri:
        asked["jwks_uri"] = jwks_uri
    if certificate:
        asked["certificate"] = _read(certificate)
    with Management(policy) as management:
        client_id = _find(management, client)["client_id"]
        retired = management.post(f"/clients/{segment(client_id)}/keys", asked)["retired_keys"]
    typer.echo(f"{client_id} has its new keys.")
    for entry in retired:
        typer.echo(f"Its key {entry['jwk'].get('kid', '')} is taken until {moment(entry['until'])}.")


@_group.command(epilog="Example: ringfence clients invite Kestrel --uses 2 --days 3")
def invite(
    name: Annotated[str, typer.Argument(help="Whom the invitation is for.")],
    uses: Annotated[int, typer.Option(help="How many clients it registers.")] = 1,
    days: Annotated[int, typer.Option(help="How long it is good.")] = 7,
    policy: PolicyFile = DEFAULT_POLICY,
    as_json: AsJson = False,
) -> None:
    """Make an initial access token, by which a partner registers its clients itself (RFC 7591)."""
    with Management(policy) as management:
        made = management.post("/invitations", {"name": name, "uses": uses, "seconds": days * 86_400})
    if as_json:
        print_json(made)
        return
    typer.echo(f"initial_access_token: {made['initial_access_token']}")
    typer.echo("It is shown this once. Send it where nobody else reads it.")


@_group.command(epilog="Example: ringfence clients registration-token Acme")
def registration_token(client: Named, policy: PolicyFile = DEFAULT_POLICY, as_json: AsJson = False) -> None:
    """Let a client manage its registration itself, or give it a new token where it has lost its own (RFC 7592)."""
    with Management(policy) as management:
        client_id = _find(management, client)["client_id"]
        made = management.post(f"/clients/{segment(client_id)}/registration-token")
    if as_json:
        print_json(made)
        return
    typer.echo(f"registration_access_token: {made['registration_access_token']}")
    typer.echo("It is shown this once, and a former one is worth nothing now.")


def _act(policy: Path, client: str, verb: str, *, as_json: bool) -> None:
    with Management(policy) as management:
        client_id = _find(management, client)["client_id"]
        done = management.post(f"/clients/{segment(client_id)}/{verb}")
    if as_json:
        print_json(done)
    else:
        typer.echo(f"{client_id} is {done['status']}.")


def _find(management: Management, named: str) -> dict[str, Any]:
    return management.find("clients", "client_id", "name", named)


def _jwks(file: Path) -> dict[str, Any]:
    try:
        document = json.loads(_read(file))
    except ValueError:
        document = None
    if not isinstance(document, dict):
        fail(f"{file} is not a JSON object.", 'A JWK set looks like {"keys": [{"kty": "EC", …}]}.', REFUSED)
    return document


def _read(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        fail(f"{file} cannot be read: {error}", "", REFUSED)
