"""The flows stand in tests/conformance/test_grant_management.py."""


async def test_a_clients_own_token_names_no_grant_that_could_be_managed(bank):
    partner = type(bank.partner)(bank, "client_self")
    await bank.register(partner, scopes=("accounts", "grant_management_query"))
    form = {"grant_type": "client_credentials", "scope": "grant_management_query"}
    token = (await partner.token(form)).json()["access_token"]
    for grant_id in (bank.claims(token)["grant_id"], "..", "%2e%2e", "grant_x"):
        path = f"/oauth/grants/{grant_id}"
        proof = partner.proof(path, "GET", token=token)
        headers = {"authorization": f"DPoP {token}", "dpop": proof}
        answer = await bank.http.get(path, headers=headers)
        assert answer.status_code in (401, 404)
        assert not bank.events.of("GrantRevoked")
