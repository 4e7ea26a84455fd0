import pytest
import typer

from ringfence.cli.run import run


@pytest.mark.parametrize("role", ["edge", "gateway", "gateway-", "gateway-x", "../oauth"])
def test_a_role_that_there_is_not_is_told(role: str) -> None:
    with pytest.raises(typer.BadParameter) as told:
        run(role)
    assert "gateway-0" in str(told.value)
