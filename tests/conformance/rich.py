"""A bank whose partners ask for one exact payment, or for some accounts."""

import json
from urllib.parse import parse_qs, urlsplit

PAYMENT_SCHEMA = {
    "type": "object",
    "required": ["instructedAmount", "creditorName", "creditorAccount"],
    "properties": {
        "locations": {"type": "array", "items": {"type": "string"}, "maxItems": 4},
        "actions": {"type": "array", "items": {"enum": ["initiate", "status", "cancel"]}, "maxItems": 3},
        "instructedAmount": {
            "type": "object",
            "required": ["amount", "currency"],
            "properties": {
                "amount": {"type": "string", "pattern": "^[0-9]{1,10}[.][0-9]{2}$"},
                "currency": {"type": "string", "pattern": "^[A-Z]{3}$"},
            },
        },
        "creditorName": {"type": "string", "minLength": 1, "maxLength": 70},
        "creditorAccount": {"type": "object", "required": ["iban"], "properties": {"iban": {"type": "string"}}},
        "reference": {"type": "string", "maxLength": 140},
        "urgent": {"type": "boolean"},
    },
}
OAUTH = {
    "login_title": "Demo Bank",
    "scopes": {"accounts": "See your accounts", "payments": "Make payments", "profile": "See your name"},
    "resource": "urn:bank:apis",
    "authorization_details": {
        "payment": {
            "schema": PAYMENT_SCHEMA,
            "sentence": "Pay {instructedAmount.amount} {instructedAmount.currency} to {creditorName}, account {creditorAccount.iban}",
        },
        "accounts": {
            "schema": {
                "properties": {"accounts": {"type": "array", "items": {"type": "string"}, "minItems": 1}},
                "required": ["accounts"],
            },
            "sentence": "See the accounts {accounts}",
        },
    },
}


def payment(amount="123.50", **more) -> dict:
    return {
        "type": "payment",
        "instructedAmount": {"amount": amount, "currency": "EUR"},
        "creditorName": "Merchant A",
        "creditorAccount": {"iban": "DE02100100109307118603"},
    } | more


async def rich_bank(bank):
    """Return the bank with these types, its partner registered for `payment` and `accounts`."""
    made = bank.with_policy(oauth=OAUTH)
    made.partner = type(bank.partner)(made, "client_rich")
    await made.register(
        made.partner,
        authorization_details_types=("payment", "accounts"),
        scopes=("openid", "accounts", "payments", "grant_management_query", "grant_management_revoke"),
    )
    return made


def asking(*details, **more) -> dict:
    return {"authorization_details": json.dumps(details)} | more


def answered(location: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}
