import json

import jsonschema_rs
import pytest

from bench.documents import PAYMENTS, document, payment


@pytest.mark.parametrize(("asked", "least", "most"), [(600, 560, 700), (6000, 5800, 6200)])
def test_a_payment_has_the_size_asked_for_and_fits_its_schema(asked, least, most):
    body = payment(asked)
    assert least <= len(json.dumps(body, separators=(",", ":"))) <= most
    operation = document(2)["paths"][PAYMENTS]["post"]
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    assert jsonschema_rs.is_valid(schema, body)


@pytest.mark.parametrize("count", [2, 3, 500])
def test_the_document_has_as_many_operations_as_asked(count):
    paths = document(count)["paths"].values()
    assert sum(method in path for path in paths for method in ("get", "post")) == count
