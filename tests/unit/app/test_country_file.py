from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from ringfence.app.country_file import CountryFile, NoCountryFile
from ringfence.policy.load import LoadedPolicy
from tests.country_database import write_countries

ROWS = {
    "192.0.2.0/24": {"country": {"iso_code": "GB"}},
    "198.51.100.0/24": {"country_code": "fr"},
    "203.0.113.0/25": {"country": "DE"},
    "203.0.113.128/25": {"continent": {"code": "EU"}},
    "2001:db8::/32": {"country": {"iso_code": "IE"}},
}


@pytest.fixture
def countries() -> Iterator[CountryFile]:
    opened = CountryFile()
    yield opened
    opened.close()


def naming(loaded: LoadedPolicy, file: str) -> LoadedPolicy:
    return msgspec.structs.replace(loaded, policy=msgspec.structs.replace(loaded.policy, geo=file))


def test_countries_of_networks(countries: CountryFile, loaded: LoadedPolicy) -> None:
    write_countries(loaded.places.root / "geo.mmdb", ROWS)
    countries.open(naming(loaded, "geo.mmdb"))
    asked = ("192.0.2.7", "198.51.100.1", "203.0.113.1", "203.0.113.200", "2001:db8::1", "10.0.0.1", "", "x", "::1")
    assert [countries.of(one) for one in asked] == ["GB", "FR", "DE", "", "IE", "", "", "", ""]


def test_places_of_networks(countries: CountryFile, loaded: LoadedPolicy) -> None:
    rows = {
        "192.0.2.0/24": {"location": {"latitude": 51.5, "longitude": -0.12}, "country": {"iso_code": "GB"}},
        "198.51.100.0/24": {"location": {"latitude": "51.5"}},
        "203.0.113.0/24": {"country": "DE"},
        "2001:db8::/32": {"location": {"latitude": -33.9, "longitude": 151.2}},
    }
    assert countries.position("192.0.2.7") is None
    write_countries(loaded.places.root / "geo.mmdb", rows)
    countries.open(naming(loaded, "geo.mmdb"))
    assert countries.position("192.0.2.7") == (51.5, -0.12)
    assert countries.position("2001:db8:1:2::/64") == (-33.9, 151.2)
    assert [countries.position(one) for one in ("198.51.100.1", "203.0.113.1", "10.0.0.1", "", "x")] == [None] * 5


def test_without_a_file_nothing_is_known(countries: CountryFile, loaded: LoadedPolicy) -> None:
    countries.open(loaded)
    assert countries.of("192.0.2.7") == ""


def test_a_file_that_is_none_leaves_the_old_one_in_use(
    countries: CountryFile, loaded: LoadedPolicy, tmp_path: Path
) -> None:
    write_countries(loaded.places.root / "geo.mmdb", ROWS)
    countries.open(naming(loaded, "geo.mmdb"))
    (tmp_path / "broken.mmdb").write_bytes(b"no database" * 100)
    for name in ("broken.mmdb", "missing.mmdb"):
        with pytest.raises(NoCountryFile, match=name):
            countries.open(naming(loaded, str(tmp_path / name)))
    assert countries.of("192.0.2.7") == "GB"
    countries.open(loaded)
    assert countries.of("192.0.2.7") == ""
