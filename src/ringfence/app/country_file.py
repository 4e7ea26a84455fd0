"""The country and the place of a network address, from the operator's own file in MaxMind's format."""

from ipaddress import ip_address
from typing import Any

import maxminddb

from ringfence.policy.load import LoadedPolicy


class NoCountryFile(Exception):
    """The file that the policy names cannot be used; the message says why."""


class CountryFile:
    """`Countries` over a file; without one nothing is known."""

    def __init__(self) -> None:
        """Begin without a file."""
        self._reader: maxminddb.Reader | None = None

    def open(self, loaded: LoadedPolicy) -> None:
        """Use the file that the policy names, or none.  Raises NoCountryFile; what was open stays open then."""
        name = loaded.policy.geo
        reader = _opened(str(loaded.places.file(name))) if name else None
        self.close()
        self._reader = reader

    def of(self, address: str) -> str:
        """Return the two letters of an address's country, or `""`."""
        if self._reader is None:
            return ""
        try:
            found: Any = self._reader.get(ip_address(address))
        except ValueError:  # no address, or IPv6 in a file of IPv4
            return ""
        return _code(found)

    def position(self, address: str) -> tuple[float, float] | None:
        """Return latitude and longitude of an address in degrees, or None: files of countries alone do not say."""
        if self._reader is None:
            return None
        try:
            found: Any = self._reader.get(ip_address(address.partition("/")[0]))
        except ValueError:
            return None
        place = found.get("location") if isinstance(found, dict) else None
        if not isinstance(place, dict):
            return None
        latitude, longitude = place.get("latitude"), place.get("longitude")
        if not isinstance(latitude, float | int) or not isinstance(longitude, float | int):
            return None
        return float(latitude), float(longitude)

    def close(self) -> None:
        """Let go of the file."""
        if self._reader is not None:
            self._reader.close()
            self._reader = None


def _opened(file: str) -> maxminddb.Reader:
    try:
        return maxminddb.open_database(file)
    except (OSError, ValueError, maxminddb.InvalidDatabaseError) as error:
        raise NoCountryFile(f"{file} is no country database: {error}") from None


def _code(found: Any) -> str:
    """Return the code out of a row: `country.iso_code` as MaxMind and DB-IP write it, or a plain `country_code`."""
    if not isinstance(found, dict):
        return ""
    country = found.get("country")
    code = country.get("iso_code") if isinstance(country, dict) else found.get("country_code", country)
    return code.upper() if isinstance(code, str) else ""
