"""`python -m ringfence.app.role ROLE POLICY [--child]`: one role and nothing else in the process.

Not part of the command line's own module, so that a gateway worker carries neither the command line
nor any code that can sign.
"""

import sys
from pathlib import Path

from ringfence.app.process import Role, run_role
from ringfence.telemetry import configure_logging

GATEWAY = "gateway-"


def is_role(name: str) -> bool:
    """Say whether there is a role of that name."""
    if name in {"signer", "audit", "oauth", "admin", "watch", "export", "intelligence"}:
        return True
    return name.startswith(GATEWAY) and name.removeprefix(GATEWAY).isdecimal()


def _role(name: str, policy: Path) -> Role:
    """Return the role's coroutine function; only the chosen role's code is loaded."""
    if name == "signer":
        from ringfence.app.signer import signer_role  # noqa: PLC0415 - see the module's docstring

        return signer_role(policy)
    if name == "oauth":
        from ringfence.app.oauth import oauth_role  # noqa: PLC0415 - the same

        return oauth_role(policy)
    if name == "admin":
        from ringfence.app.admin import admin_role  # noqa: PLC0415 - the same

        return admin_role(policy)
    if name == "watch":
        from ringfence.app.watcher import watch_role  # noqa: PLC0415 - the same

        return watch_role(policy)
    if name == "export":
        from ringfence.app.export.role import export_role  # noqa: PLC0415 - the same

        return export_role(policy)
    if name == "intelligence":
        from ringfence.app.intelligence.role import intelligence_role  # noqa: PLC0415 - the same

        return intelligence_role(policy)
    if name == "audit":
        from ringfence.app.audit import audit_role  # noqa: PLC0415 - the same

        return audit_role(policy)
    from ringfence.app.gateway import gateway_role  # noqa: PLC0415 - the same

    return gateway_role(policy, int(name.removeprefix(GATEWAY)))


def main(arguments: list[str]) -> None:
    """Run the role that the arguments name until it is told to stop."""
    name, policy, *rest = arguments
    configure_logging(name)
    run_role(_role(name, Path(policy)), child="--child" in rest)


if __name__ == "__main__":
    main(sys.argv[1:])
