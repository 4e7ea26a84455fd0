from pathlib import Path

import pytest

from bench.installation import lay_out
from bench.variants import ASGI, EXT_AUTHZ, PLAIN, VARIANTS
from ringfence.policy.load import LoadedPolicy, load


def loaded(tmp_path: Path, name: str) -> LoadedPolicy:
    installed = lay_out(tmp_path / "one", upstream_port=9, workers=1, operations=2, change=VARIANTS[name])
    return load(installed.policy_file)


@pytest.mark.parametrize("name", sorted(VARIANTS.keys() - {PLAIN, ASGI}))
def test_each_changes_what_a_payment_costs(tmp_path: Path, name: str) -> None:
    found = loaded(tmp_path, name)
    plain = loaded(tmp_path / "plain", PLAIN)
    one, other = (next(o for o in p.table.operations if o.operation_id == "CreatePayment") for p in (found, plain))
    differs = [
        name for name in ("demands", "screening", "response_rules") if getattr(one, name) != getattr(other, name)
    ]
    assert differs or found.cedar is not None
    assert found.policy.gateway.ext_authz == ("on" if name == EXT_AUTHZ else "off")


def test_the_policies_in_cedar_are_six(tmp_path: Path) -> None:
    cedar = loaded(tmp_path, "six policies in Cedar").cedar
    assert cedar is not None
    assert len(cedar.names) == 6
