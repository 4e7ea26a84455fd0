from pathlib import Path

import pytest

from ringfence.policy.document import load_document, parse_document
from ringfence.policy.mistakes import PolicyMistakes


def test_yaml_and_json_are_read(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("openapi: 3.0.3\npaths: {}\n")
    (tmp_path / "a.json").write_text('{"openapi": "3.1.0", "paths": {}}')
    assert load_document(tmp_path / "a.yaml").is_3_0
    assert not load_document(tmp_path / "a.json").is_3_0


def test_integer_keys_survive() -> None:
    assert (
        200
        in parse_document(b"openapi: 3.0.3\npaths: {/a: {get: {responses: {200: x}}}}", "f").data["paths"]["/a"]["get"][
            "responses"
        ]
    )


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"swagger: '2.0'", "no member `openapi`"),
        (b"openapi: 3.2.0\npaths: {}", "3.2.0"),
        (b"openapi: 3.0", "not an OpenAPI"),
        (b"- a", "not an OpenAPI"),
        (b"openapi: 3.0.3\npaths: []", "`paths`"),
        (b'{"openapi": "3.0.3", "openapi": "3.0.3"}', "twice"),
        (b'{"openapi": NaN}', "NaN"),
        (b'{"openapi": "3.0.3", "x": "\\ud800"}', "not Unicode"),
        (b'{"openapi": ', "not JSON"),
        (b'{"a":' * 5000 + b"1" + b"}" * 5000, "nested deeper"),
        (b'{"openapi": "3.0.3", "x": ' + b"[" * 150 + b"]" * 150 + b"}", "nested deeper"),
    ],
)
def test_what_is_not_a_document_is_refused(raw: bytes, message: str) -> None:
    with pytest.raises(PolicyMistakes) as found:
        parse_document(raw, "f")
    assert message in str(found.value)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(PolicyMistakes, match="cannot be read"):
        load_document(tmp_path / "none.yaml")
