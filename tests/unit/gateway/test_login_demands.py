import pytest
from calls import NOW, token

from ringfence.clock import Instant
from ringfence.gateway.login_demands import require_login
from ringfence.problem import Reason, Refused

CHALLENGE = 'DPoP algs="ES256"'


def challenged(acrs: tuple[str, ...] = (), max_age: int | None = None, **claims: object) -> str:
    with pytest.raises(Refused) as refused:
        require_login(token(**claims), acrs, max_age, CHALLENGE, NOW)
    assert refused.value.reason is Reason.AUTHENTICATION_INSUFFICIENT
    assert refused.value.status == 401
    return dict(refused.value.headers)["www-authenticate"]


def test_where_nothing_is_demanded_any_login_will_do() -> None:
    require_login(token(), (), None, CHALLENGE, NOW)


def test_one_of_several_classes() -> None:
    require_login(token(acr="gold"), ("gold", "silver"), None, CHALLENGE, NOW)
    said = challenged(("gold", "silver"), acr="bronze")
    assert said.startswith(f'{CHALLENGE}, error="insufficient_user_authentication"')
    assert said.endswith('acr_values="gold silver"')
    challenged(("gold",), acr="")


def test_the_age_of_a_login_to_the_second() -> None:
    require_login(token(auth_time=Instant(NOW - 60)), (), 60, CHALLENGE, NOW)
    assert challenged((), 60, auth_time=Instant(NOW - 60.5)).endswith('max_age="60"')
    challenged((), 0, auth_time=None)
