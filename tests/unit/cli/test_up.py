from pathlib import Path

import pytest
import typer

from ringfence.cli.up import up


def test_a_bad_policy_starts_nothing_and_is_told_with_its_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    policy = tmp_path / "ringfence.yaml"
    policy.write_text("version: 1\nisuer: https://bank.example\n")
    with pytest.raises(typer.Exit) as ended:
        up(policy)
    assert ended.value.exit_code == 1
    told = capsys.readouterr().err
    assert f"{policy}:2:1" in told.replace("\n", "")
    assert "issuer" in told
    assert [path.name for path in tmp_path.iterdir()] == ["ringfence.yaml"]
