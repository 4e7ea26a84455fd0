"""Each module of the suite, over every variant that it applies to, against what `ringfence up` runs."""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from ringfence.demo.processes import Processes
from tests.conformance.edge.installed import Running, begin
from tests.conformance.edge.partner import Flow, Partner, register
from tests.conformance.edge.variants import POSTGRES, SELF_SIGNED, SQLITE, VARIANTS, Variant, modules
from tests.postgres_server import PostgresServer

SHORT = 5
"""The shortest life that the policy lets a code or a pushed request have, in seconds."""


def short(policy: str) -> str:
    """Let codes and pushed requests end before anybody has to wait long."""
    lifetimes = f"oauth:\n  lifetimes: {{code_seconds: {SHORT}, pushed_request_seconds: {SHORT}}}\n"
    return policy.replace("oauth:\n", lifetimes)


@pytest.fixture(scope="session")
def sqlite_installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    directory = tmp_path_factory.mktemp("cs")
    with Processes(directory / "logs") as processes:
        yield begin(directory, processes, short)


@pytest.fixture(scope="session")
def postgres_installation(tmp_path_factory: pytest.TempPathFactory, postgres: PostgresServer) -> Iterator[Running]:
    directory = tmp_path_factory.mktemp("cp")
    with pytest.MonkeyPatch.context() as patch, Processes(directory / "logs") as processes:
        patch.setenv("CONFORMANCE_PASSWORD", "trusted anyway")
        asyncio.run(postgres.database("conformance"))
        records = (
            f"\nrecords:\n  url: postgresql://ringfence@127.0.0.1:{postgres.port}/conformance\n  tls: off"
            "\n  password_variable: CONFORMANCE_PASSWORD\n"
        )
        yield begin(directory, processes, lambda policy: short(policy) + records)


@pytest.fixture(scope="session")
def self_signed_installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    directory = tmp_path_factory.mktemp("cx")
    with Processes(directory / "logs") as processes:
        yield begin(
            directory,
            processes,
            lambda policy: short(policy).replace("[tls/ca.pem]", "[tls/ca.pem], self_signed: true"),
        )


INSTALLATIONS = {
    SQLITE: "sqlite_installation",
    POSTGRES: "postgres_installation",
    SELF_SIGNED: "self_signed_installation",
}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give each module's test the variants that the module applies to; a test that is no module's, those it names."""
    if "at" not in metafunc.fixturenames:
        return
    module = modules().get(metafunc.definition.originalname)
    assert module is not None, f"{metafunc.definition.originalname} is no module of modules.toml"
    pairs = [(variant, on) for variant in VARIANTS if module.applies(variant) for on in variant.on]
    metafunc.parametrize(
        "at", pairs, ids=[f"{variant.name}-{on}" for variant, on in pairs], indirect=True, scope="session"
    )


@pytest.fixture(scope="session")
def at(request: pytest.FixtureRequest) -> tuple[Variant, str]:
    return request.param


@pytest.fixture
def running(request: pytest.FixtureRequest, at: tuple[Variant, str]) -> Running:
    return request.getfixturevalue(INSTALLATIONS[at[1]])


@pytest.fixture
def variant(at: tuple[Variant, str]) -> Variant:
    return at[0]


@pytest.fixture
def partner(running: Running, variant: Variant) -> Partner:
    return register(running, variant, 1)


@pytest.fixture
def other(running: Running, variant: Variant) -> Partner:
    """A second client of the same variant."""
    return register(running, variant, 2)


@dataclass
class Stale:
    """What a variant's partner got so long ago that it has ended."""

    partner: Partner
    pushed: Flow
    visited: Flow


@pytest.fixture(scope="session")
def aged() -> dict[str, tuple[float, dict[str, Stale]]]:
    """What was begun on each installation, and when: for all variants at once, so that they wait together."""
    return {}


@pytest.fixture
def stale(running: Running, variant: Variant, at: tuple[Variant, str], aged: dict) -> Stale:
    if at[1] not in aged:
        begun = {}
        for one in VARIANTS:
            if at[1] in one.on and not one.own:
                made = register(running, one, 1)
                begun[one.name] = Stale(made, made.begin(), made.visit(made.begin()))
        aged[at[1]] = (time.monotonic(), begun)
    since, begun = aged[at[1]]
    time.sleep(max(0.0, since + SHORT + 0.2 - time.monotonic()))
    return begun[variant.name]
