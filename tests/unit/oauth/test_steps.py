from ringfence.oauth.endpoints import AUTHENTICATED, PAGES, Endpoint
from ringfence.oauth.steps import ACTIONS, steps_of

TABLE = {
    "AUTHORIZE": "take_query take_front_channel open_request find_browser find_session begin",
    "PAR": "refuse_blocked_network take_form authenticate_client open_request_object check_asked_for check_request prove_possession bind_key"
    " keep_request",
    "BACKCHANNEL": "refuse_blocked_network take_form authenticate_client open_request_object check_asked_for check_backchannel keep_backchannel",
    "INTERACTION": "take_query open_request find_browser find_session check_ticket show_page",
    "LOGIN": "refuse_blocked_network take_form refuse_cross_site open_request find_browser find_session check_form_token take_login",
    "CONSENT": "take_form refuse_cross_site open_request find_browser find_session check_form_token take_consent",
    "CONTINUE": "take_query open_request find_browser find_session come_back",
    "TOKEN": "refuse_blocked_network take_form authenticate_client check_grant_type prove_possession issue_tokens",
    "INTROSPECTION": "refuse_blocked_network take_form authenticate_client introspect",
    "REVOCATION": "refuse_blocked_network take_form authenticate_client revoke",
    "USERINFO": "tell_user",
    "GRANT": "manage_grant",
    "MY_GRANTS": "find_browser find_own_session show_own_page",
    "MY_LOGIN": "refuse_blocked_network take_form refuse_cross_site find_browser find_own_session check_form_token take_own_login",
    "MY_WITHDRAW": "take_form refuse_cross_site find_browser find_own_session check_form_token withdraw",
    "MY_SESSION_END": "take_form refuse_cross_site find_browser find_own_session check_form_token end_own_session",
    "MY_REQUESTS": "find_browser find_own_session show_requests",
    "MY_ANSWER": "take_form refuse_cross_site find_browser find_own_session check_form_token take_answer",
    "END_SESSION": "take_query find_browser find_own_session ask_to_log_out",
    "LOGOUT": "take_form refuse_cross_site find_browser find_own_session check_form_token log_out",
    "MY_AUTHENTICATOR": "find_browser find_own_session show_authenticator",
    "MY_ENROL": "take_form refuse_cross_site find_browser find_own_session check_form_token enrol",
    "REGISTRATION": "register",
    "REGISTERED": "manage_registration",
    "LOGO": "show_logo",
    "MY_PASSKEYS": "find_browser find_own_session show_passkeys",
    "MY_PASSKEY_ADD": "take_form refuse_cross_site find_browser find_own_session check_form_token add_passkey",
    "MY_PASSKEY_NAME": "take_form refuse_cross_site find_browser find_own_session check_form_token name_passkey",
    "MY_PASSKEY_REMOVE": "take_form refuse_cross_site find_browser find_own_session check_form_token remove_passkey",
    "MY_RECOVERY": "take_form refuse_cross_site find_browser find_own_session check_form_token renew_recovery_codes",
    "PASSKEY_SCRIPT": "publish_script",
    "JWKS": "publish_keys",
    "PAYLOAD_JWKS": "publish_payload_keys",
    "SIGNALS_JWKS": "publish_set_keys",
    "SIGNALS_STREAMS": "manage_stream",
    "SIGNALS_STATUS": "stream_status",
    "SIGNALS_VERIFY": "verify_stream",
    "SIGNALS_ADD": "add_subject",
    "SIGNALS_REMOVE": "remove_subject",
    "SIGNALS_POLL": "poll",
    "SIGNALS_RECEIVE": "receive",
    "SIGNALS_METADATA": "describe_transmitter",
    "METADATA": "describe",
    "OIDC_METADATA": "describe",
}


def test_the_order_is_as_written_here():
    """Whoever changes the order changes it twice, and so on purpose."""
    found = {e.name: " ".join(step.__name__ for step in (*steps_of(e), ACTIONS[e])) for e in Endpoint}
    assert found == TABLE


def test_whatever_asks_a_customer_for_something_is_checked_by_the_same_steps():
    """What can be asked for, and how it is signed, is the same with and without a redirect."""
    par, backchannel = TABLE["PAR"].split(), TABLE["BACKCHANNEL"].split()
    assert par[:5] == backchannel[:5]
    assert par[1:5] == ["take_form", "authenticate_client", "open_request_object", "check_asked_for"]


def test_every_client_endpoint_authenticates_and_every_posted_page_is_bound():
    for endpoint in AUTHENTICATED:
        assert "authenticate_client" in TABLE[endpoint.name]
    # what comes back from outside is bound by its verifier: the records know of which browser it is
    for endpoint in PAGES - {Endpoint.AUTHORIZE, Endpoint.CONTINUE}:
        assert "check_ticket" in TABLE[endpoint.name] or "check_form_token" in TABLE[endpoint.name]
