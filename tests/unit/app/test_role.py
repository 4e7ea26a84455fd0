import subprocess
import sys

import pytest

from ringfence.app.role import is_role


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("signer", True),
        ("oauth", True),
        ("admin", True),
        ("export", True),
        ("audit", True),
        ("gateway-0", True),
        ("gateway-12", True),
        ("gateway-", False),
        ("gateway-x", False),
        ("edge", False),
        ("", False),
    ],
)
def test_names_of_roles(name: str, known: bool) -> None:
    assert is_role(name) is known


def test_a_gateway_worker_loads_no_code_that_signs_and_no_command_line() -> None:
    listing = "import sys, ringfence.app.gateway; print('\\n'.join(sorted(sys.modules)))"
    loaded = subprocess.run([sys.executable, "-c", listing], capture_output=True, text=True, check=True).stdout.split()
    ours = {name for name in loaded if name.startswith("ringfence.")}
    assert "ringfence.gateway.pipeline" in ours
    forbidden = ("ringfence.keys", "ringfence.oauth", "ringfence.cli", "ringfence.demo", "ringfence.admin")
    assert not [name for name in ours if f"{name}.".startswith(tuple(f"{part}." for part in forbidden))]
    assert not {"typer", "httpx", "sqlalchemy", "starlette", "argon2"} & set(loaded)
