"""A record by its key, from what each driver gives."""

import msgspec
import pytest

from ringfence.clock import Instant
from ringfence.store.lookups import Lookup
from ringfence.store.model import Client, Grant
from ringfence.store.schema import clients, grants


def test_the_statement_names_each_field_and_one_parameter() -> None:
    statement = Lookup(Client, clients.c.client_id).statement("?")
    assert statement.startswith("SELECT client_id, name, ")
    assert statement.endswith(" FROM clients WHERE client_id = ?")
    assert statement.count("?") == 1


@pytest.mark.parametrize("truth", [True, 1])
def test_a_row_becomes_the_record_that_it_was(truth: object) -> None:
    client = Client(
        client_id="client_a",
        name="A",
        jwks={"keys": [{"kid": "x"}]},
        redirect_uris=("https://a.example/cb",),
        scopes=("accounts",),
        require_signed_request_object=True,
        created_at=Instant(1.5),
    )
    values = msgspec.structs.asdict(client)
    for name, value in values.items():
        if isinstance(value, (dict, tuple)):
            values[name] = msgspec.json.encode(value).decode()
    values["require_signed_request_object"] = truth
    assert Lookup(Client, clients.c.client_id).record(tuple(values.values())) == client


def test_what_refers_to_nothing_is_an_empty_text() -> None:
    lookup = Lookup(Grant, grants.c.grant_id)
    row = {"grant_id": "g", "client_id": "c", "user_id": None, "scopes": "[]", "authorization_details": "[]"}
    row |= {"created_at": 1.0, "expires_at": 2.0, "used_at": None, "revoked_at": None, "revoked_why": ""}
    assert lookup.record([row[name] for name in Grant.__struct_fields__]).user_id == ""


def test_a_row_that_is_none_of_ours_is_refused() -> None:
    lookup = Lookup(Grant, grants.c.grant_id)
    with pytest.raises((msgspec.ValidationError, ValueError)):
        lookup.record(["g"] * len(Grant.__struct_fields__))
    with pytest.raises(ValueError, match="argument"):
        lookup.record(["g"])
