"""The OpenAPI document that the bench opens: accounts, payments, and as many further operations as asked."""

from typing import Any

ACCOUNTS = "/accounts"
PAYMENTS = "/domestic-payments"
SCOPES = {"accounts": "Read accounts", "payments": "Make payments"}

_TEXT = {"type": "string", "minLength": 1, "maxLength": 140}
_AMOUNT = {
    "type": "object",
    "additionalProperties": False,
    "required": ["Amount", "Currency"],
    "properties": {
        "Amount": {"type": "string", "pattern": r"^\d{1,13}(\.\d{1,5})?$"},
        "Currency": {"type": "string", "pattern": "^[A-Z]{3}$"},
    },
}
_ACCOUNT = {
    "type": "object",
    "additionalProperties": False,
    "required": ["SchemeName", "Identification"],
    "properties": {"SchemeName": _TEXT, "Identification": _TEXT, "Name": _TEXT},
}
_LINE = {
    "type": "object",
    "additionalProperties": False,
    "required": ["Type", "Number"],
    "properties": {"Type": _TEXT, "Number": _TEXT, "RelatedDate": {"type": "string", "format": "date"}},
}
_PAYMENT = {
    "type": "object",
    "additionalProperties": False,
    "required": ["Data", "Risk"],
    "properties": {
        "Data": {
            "type": "object",
            "additionalProperties": False,
            "required": ["Initiation"],
            "properties": {
                "ConsentId": _TEXT,
                "Initiation": {
                    "type": "object",
                    "additionalProperties": False,
                    "required": ["InstructionIdentification", "InstructedAmount", "CreditorAccount"],
                    "properties": {
                        "InstructionIdentification": _TEXT,
                        "EndToEndIdentification": _TEXT,
                        "InstructedAmount": _AMOUNT,
                        "DebtorAccount": _ACCOUNT,
                        "CreditorAccount": _ACCOUNT,
                        "RemittanceInformation": {"type": "array", "maxItems": 200, "items": _LINE},
                    },
                },
            },
        },
        "Risk": {"type": "object", "additionalProperties": False, "properties": {"PaymentContextCode": _TEXT}},
    },
}
_ANSWER = {"200": {"description": "As asked."}}


def document(operations: int) -> dict[str, Any]:
    """Return the document with accounts, payments and further operations, `operations` of them in all."""
    paths: dict[str, Any] = {
        ACCOUNTS: {"get": {"operationId": "ListAccounts", "responses": _ANSWER}},
        PAYMENTS: {
            "post": {
                "operationId": "CreatePayment",
                "requestBody": {"required": True, "content": {"application/json": {"schema": _PAYMENT}}},
                "responses": _ANSWER,
            }
        },
    }
    for number in range(operations - len(paths)):
        identifier = {"name": "id", "in": "path", "required": True, "schema": {"type": "string", "maxLength": 40}}
        paths[f"/things-{number}/{{id}}/parts"] = {
            "parameters": [identifier],
            "get": {"operationId": f"ListParts{number}", "responses": _ANSWER},
        }
    return {
        "openapi": "3.1.0",
        "info": {"title": "Bench", "version": "1"},
        "security": [{"token": []}],
        "components": {"securitySchemes": {"token": {"type": "http", "scheme": "DPoP"}}},
        "paths": paths,
    }


def payment(size: int) -> dict[str, Any]:
    """Return a payment whose compact JSON is about `size` bytes: the larger, the more remittance lines."""
    line = {"Type": "CINV", "Number": "INV-2026-000001", "RelatedDate": "2026-11-01"}
    bare = 460
    return {
        "Data": {
            "ConsentId": "consent_mf3k2j5h7q4r6t8v2w4x6y8z3a",
            "Initiation": {
                "InstructionIdentification": "ACME412-2026-11-22-0001",
                "EndToEndIdentification": "FRESCO.21302.GFX.20",
                "InstructedAmount": {"Amount": "165.88", "Currency": "GBP"},
                "DebtorAccount": {"SchemeName": "UK.OBIE.SortCodeAccountNumber", "Identification": "11280001234567"},
                "CreditorAccount": {
                    "SchemeName": "UK.OBIE.SortCodeAccountNumber",
                    "Identification": "08080021325698",
                    "Name": "ACME Inc",
                },
                "RemittanceInformation": [line] * max(1, (size - bare) // 70),
            },
        },
        "Risk": {"PaymentContextCode": "BillPayment"},
    }
