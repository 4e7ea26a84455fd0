import pytest
import typer
from typer.testing import CliRunner

from ringfence.cli import demo


@pytest.fixture
def app():
    app = typer.Typer()
    app.callback()(lambda: None)
    demo.register(app)
    return app


def test_a_directory_with_something_in_it_is_left_alone(app, tmp_path):
    (tmp_path / "mine").write_text("x")
    result = CliRunner().invoke(app, ["demo", "--directory", str(tmp_path)])
    assert result.exit_code == 2
    assert "not empty" in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_the_help_says_what_the_exit_code_means(app):
    assert "exit code is 0" in " ".join(CliRunner().invoke(app, ["demo", "--help"]).stdout.split())
