"""A policy whose operations protect fields and answers in every direction, for tests of several packages."""

from pathlib import Path

from ringfence.policy.load import LoadedPolicy, load

BANK = """\
openapi: 3.0.3
info: {title: Bank, version: 1.0.0}
security: [{o: []}]
paths:
  /pay:
    post:
      operationId: pay
      requestBody: {content: {application/json: {schema: {$ref: '#/components/schemas/Payment'}}}}
      responses: {'201': {description: ok, content: {application/json: {schema: {$ref: '#/components/schemas/Payment'}}}}}
  /whole:
    get:
      operationId: whole
      responses: {'200': {description: ok, content: {application/json: {schema: {$ref: '#/components/schemas/Payment'}}}}}
components:
  schemas:
    Payment:
      type: object
      properties:
        amount: {type: number}
        to: {type: object, properties: {iban: {type: string}, name: {type: string}}}
        lines: {type: array, items: {type: object, properties: {text: {type: string}}}}
"""
POLICY = """\
version: 1
issuer: https://localhost:8443
listeners: {public: {port: 8443, tls: {certificate: a.pem, key: a.key}}}
oauth: {scopes: {pay: Pay, see: See}}
apis:
  - name: bank
    versions:
      - name: v1
        openapi: bank.yaml
        upstream: {url: "http://127.0.0.1:9000"}
        defaults: {scopes: [pay]}
        operations:
          pay:
            protect:
              - {at: /to/iban, on: request, mode: blind_index, bits: 16}
              - {at: /to/iban, on: request, mode: encrypt}
              - {at: /to/name, on: request, mode: tokenise}
              - {at: /lines/*/text, on: answer, mode: mask, clear_for: [see]}
              - {at: /to/iban, on: answer, mode: open}
              - {at: /to/iban, on: answer, mode: seal}
          whole: {payload_encryption: {profile: PROFILE, request: off, answer: required}}
on_outage: {fast_state: refuse, records: refuse, events: refuse, upstream: refuse}
"""


def loaded(directory: Path, profile: str = "jwe") -> LoadedPolicy:
    (directory / "bank.yaml").write_text(BANK)
    (directory / "a.pem").write_text("certificate")
    (directory / "a.key").write_text("key")
    (directory / "a.key").chmod(0o600)
    (directory / "ringfence.yaml").write_text(POLICY.replace("PROFILE", profile))
    return load(directory / "ringfence.yaml")
