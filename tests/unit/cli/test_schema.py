import json

import typer
from typer.testing import CliRunner

from ringfence.cli import check, schema
from ringfence.policy.manual import manual
from ringfence.policy.schema import DIALECT

runner = CliRunner()
app = typer.Typer()
check.register(app)
schema.register(app)


def test_schema_and_manual_are_printed() -> None:
    printed = json.loads(runner.invoke(app, ["schema"]).output)
    assert printed["$schema"] == DIALECT
    assert printed["$defs"]["Policy"]["additionalProperties"] is False
    assert runner.invoke(app, ["schema", "--manual"]).output == manual()
