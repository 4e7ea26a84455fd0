from ringfence.admin.key_partners import partners_of
from ringfence.events import encode
from ringfence.events.actions import PolicyLoaded
from ringfence.events.tokens import TokenDecided


def token(at: float, client: str, *, allowed: bool = True, endpoint: str = "token") -> bytes:
    return encode(TokenDecided(at=at, correlation="c", endpoint=endpoint, allowed=allowed, client=client))


def touched(first: float | None, last: float | None, purpose: str = "token", tenants: tuple[str, ...] = ()) -> dict:
    return {"key": {"purpose": purpose}, "tenants": list(tenants), "first_use": first, "last_use": last}


async def test_clients_that_were_given_tokens_meanwhile(ports) -> None:
    events = [token(float(at), f"c{at}") for at in range(6000)]
    events += [encode(PolicyLoaded(6000.0, "d", accepted=True))]
    await ports.stream.append(events)
    found = await partners_of(ports.stream, touched(3000.0, 3002.0))
    assert found == sorted(f"c{at}" for at in range(2995, 3008))
    assert await partners_of(ports.stream, touched(7000.0, 7001.0)) == []
    assert await partners_of(ports.stream, touched(0.0, 2.0)) == sorted(f"c{at}" for at in range(8))


async def test_only_what_was_issued(ports) -> None:
    await ports.stream.append(
        [token(1.0, "refused", allowed=False), token(1.0, "asked", endpoint="introspect"), token(1.0, "given")]
    )
    assert await partners_of(ports.stream, touched(1.0, 1.0)) == ["given"]
    assert await partners_of(ports.stream, touched(None, None)) == []
    assert await partners_of(ports.stream, touched(1.0, 1.0, "data")) == []


async def test_those_whose_data_keys_it_wraps(ports) -> None:
    tenants = ("client:b", "user:user_mia", "shared", "client:a", "")
    assert await partners_of(ports.stream, touched(1.0, 1.0, "data", tenants)) == ["a", "b"]
