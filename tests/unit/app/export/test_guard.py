import socket
from pathlib import Path

import pytest

from ringfence.app.export.guard import guarded, resolve
from ringfence.app.export.posting import Poster
from ringfence.app.export.sink import Away
from ringfence.app.export.tls import client_tls
from ringfence.clock import system_clock
from ringfence.edge.certificates import create_development_certificates
from tests.listening import HttpListener, server_tls


def leading_to(*addresses: str):
    async def resolve(host: str, port: int) -> list[str]:
        assert (host, port) == ("hooks.example", 8443)
        return list(addresses)

    return resolve


URL = "https://hooks.example:8443/in?x=1"


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["169.254.169.254"],
        ["10.0.0.1"],
        ["::1"],
        ["fd00:ec2::254"],
        ["::ffff:10.0.0.1"],
        ["0.0.0.0"],
        ["93.184.216.34", "10.0.0.1"],  # whoever can put it there also says which comes first
        ["fe80::1%eth0"],
        [],
        ["x"],
    ],
)
async def test_what_is_inside_is_not_reached(addresses: list[str]) -> None:
    with pytest.raises(Away, match=r"hooks\.example"):
        await guarded(URL, (), leading_to(*addresses))()


async def test_the_address_that_was_judged_is_the_one_that_is_used() -> None:
    way = await guarded(URL, (), leading_to("93.184.216.34"))()
    assert (way.url, way.host, way.name) == (
        "https://93.184.216.34:8443/in?x=1",
        "hooks.example:8443",
        "hooks.example",
    )
    six = await guarded(URL, (), leading_to("2606:2800:220:1::1"))()
    assert six.url == "https://[2606:2800:220:1::1]:8443/in?x=1"


async def test_a_network_that_the_policy_names_is_reached_and_its_neighbour_not() -> None:
    assert (await guarded(URL, ("10.20.0.0/16",), leading_to("10.20.3.4"))()).url == "https://10.20.3.4:8443/in?x=1"
    for other in (("10.21.0.1",), ("10.20.3.4", "10.21.0.1"), ("169.254.169.254",)):
        with pytest.raises(Away):
            await guarded(URL, ("10.20.0.0/16",), leading_to(*other))()


async def test_a_name_that_is_none_is_waited_for() -> None:
    async def gone(_host: str, _port: int) -> list[str]:
        raise socket.gaierror("no such name")

    with pytest.raises(Away, match="no such name"):
        await guarded(URL, (), gone)()


async def test_the_certificate_is_of_the_name_and_not_of_the_address(tmp_path: Path) -> None:
    create_development_certificates(tmp_path, ["hooks.example"], system_clock())
    with HttpListener(tls=server_tls(tmp_path)) as listener:

        async def here(_host: str, _port: int) -> list[str]:
            return ["127.0.0.1"]

        for name, taken in (("hooks.example", True), ("other.example", False)):
            url = f"https://{name}:{listener.port}/in"
            tls = lambda: client_tls(tmp_path / "ca.pem", None, None)  # noqa: E731
            poster = Poster(url, tls, way=guarded(url, ("127.0.0.0/8",), here))
            if taken:
                await poster.post(b"x", {})
            else:
                with pytest.raises(Away, match="CERTIFICATE_VERIFY_FAILED"):
                    await poster.post(b"x", {})
            await poster.close()
        ((headers, _),) = listener.posts
        assert headers["host"] == f"hooks.example:{listener.port}"


async def test_the_systems_resolver_is_asked() -> None:
    assert "127.0.0.1" in await resolve("localhost", 80)
