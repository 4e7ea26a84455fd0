"""`ringfence proof`: a DPoP proof for one call, to be put into a curl line.  RFC 9449 §4.2."""

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        "proof",
        epilog='Example: curl -H "Authorization: DPoP $(cat t)" -H "DPoP: $(ringfence proof --key k --token t --url URL)" URL',
    )(proof)


def proof(
    key: Annotated[Path, typer.Option(help="The private key that the token is bound to: P-256, PEM.")],
    url: Annotated[str, typer.Option(help="The URL that will be called.")],
    method: Annotated[str, typer.Option(help="The method that it will be called with.")] = "GET",
    token: Annotated[
        Path | None, typer.Option(help="File with the access token; leave out for PAR and the token endpoint.")
    ] = None,
) -> None:
    """Print a DPoP proof: good for one call of that method and URL, within the next minute."""
    from joserfc.errors import JoseError  # noqa: PLC0415 - only this command needs it
    from joserfc.jwk import ECKey  # noqa: PLC0415 - the same

    from ringfence.clock import system_clock  # noqa: PLC0415 - the same
    from ringfence.demo.dpop import make_proof  # noqa: PLC0415 - the same
    from ringfence.ids import system_random  # noqa: PLC0415 - the same

    try:
        private = ECKey.import_key(key.read_bytes())
        access_token = token.read_text("ascii").strip() if token else ""
    except (OSError, UnicodeDecodeError) as wrong:
        raise typer.BadParameter(str(wrong)) from None
    except (JoseError, ValueError, TypeError):
        raise typer.BadParameter(f"{key} is not a P-256 key in PEM form", param_hint="--key") from None
    if private.curve_name != "P-256" or not private.is_private:
        raise typer.BadParameter(f"{key} is not a private P-256 key", param_hint="--key")
    typer.echo(make_proof(private, method.upper(), url, system_clock(), system_random, access_token))
