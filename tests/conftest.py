"""What every test leaves as it found it, what none may log, and servers that tests of several kinds share."""

import logging
from collections.abc import Generator, Iterator
from pathlib import Path
from time import perf_counter

import pytest
import structlog

from tests.postgres_server import CannotStart, PostgresServer
from tests.watched_logs import Watch, numbers, of_test

WATCH = pytest.StashKey[Watch]()
EXEMPT = "shows_numbers"


def pytest_configure(config: pytest.Config) -> None:
    config.stash[WATCH] = Watch()
    config.addinivalue_line(
        "markers", f"{EXEMPT}(why): logs or stores card numbers or IBANs because they are its subject"
    )


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    item.config.stash[WATCH].looks_away = _exempt(item)


def _exempt(item: pytest.Item) -> bool:
    marker = item.get_closest_marker(EXEMPT)
    return marker is not None and bool(marker.args)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail a test in whose output, of all its phases, a number stands."""
    report = yield
    if report.when == "teardown" and not _exempt(item):
        begin = perf_counter()
        told = [
            f"{name}: {one.kind} {one.masked}"
            for name, text in report.sections
            for one in numbers(text.encode("utf-8", "surrogatepass"))
        ]
        if told and report.passed:
            report.outcome = "failed"
            report.longrepr = "\n".join([f"{item.nodeid} logged a number:", *dict.fromkeys(told)])
        item.config.stash[WATCH].seconds += perf_counter() - begin
    return report


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail a session that stored a number."""
    watch, begin = session.config.stash[WATCH], perf_counter()
    watch.read()
    watch.seconds += perf_counter() - begin
    if watch.found and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    watch = config.stash[WATCH]
    if watch.found:
        terminalreporter.section("card numbers and IBANs in what the tests left", red=True)
        for line in watch.found:
            terminalreporter.line(line)
    if watch.files:
        terminalreporter.line(f"{watch.files} files and all output read for card numbers, {watch.seconds:.1f} s")


@pytest.fixture(scope="session", autouse=True)
def directories(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Iterator[None]:
    """Note which test asked for which directory."""
    watch, make = pytestconfig.stash[WATCH], tmp_path_factory.mktemp

    def noting(basename: str, numbered: bool = True) -> Path:
        made = make(basename, numbered)
        if watch.looks_away:
            watch.exempt.add(made)
        watch.makers[made] = of_test()
        return made

    watch.base = tmp_path_factory.getbasetemp()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tmp_path_factory, "mktemp", noting)
        yield


@pytest.fixture(autouse=True)
def log_as_it_was() -> Iterator[None]:
    """A role that sets up this process's log sends it to a stream that ends with the test."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A real PostgreSQL, started when the first test asks for it."""
    try:
        server = PostgresServer()
        server.start()
    except CannotStart as why:
        pytest.skip(f"PostgreSQL cannot be started here: {why}")
    yield server
    server.remove()
