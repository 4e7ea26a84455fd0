"""Grant types of the token endpoint, one a file."""

from typing import Final

from ringfence.oauth.grants.authorization_code import AUTHORIZATION_CODE
from ringfence.oauth.grants.ciba import CIBA_GRANT
from ringfence.oauth.grants.client_credentials import CLIENT_CREDENTIALS
from ringfence.oauth.grants.interface import GrantType
from ringfence.oauth.grants.refresh_token import REFRESH_TOKEN
from ringfence.oauth.grants.token_exchange import TOKEN_EXCHANGE

GRANT_TYPES: Final[tuple[GrantType, ...]] = (
    AUTHORIZATION_CODE,
    REFRESH_TOKEN,
    CLIENT_CREDENTIALS,
    CIBA_GRANT,
    TOKEN_EXCHANGE,
)
