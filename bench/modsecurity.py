"""OWASP's core rules under Debian's libmodsecurity, called in this process: what our screening is measured against.

Debian: `apt-get install libmodsecurity3 modsecurity-crs`. Nothing else here depends on either.
"""

import ctypes
from collections.abc import Callable
from pathlib import Path
from typing import Final

LIBRARY: Final = "libmodsecurity.so.3"
RULES: Final = Path("/usr/share/modsecurity-crs/rules")
SETUP: Final = Path("/etc/modsecurity/crs/crs-setup.conf")
_ENGINE: Final = b"""
SecRuleEngine On
SecRequestBodyAccess On
SecRule REQUEST_HEADERS:Content-Type "^application/json" "id:200001,phase:1,t:none,t:lowercase,pass,nolog,ctl:requestBodyProcessor=JSON"
SecAction "id:900990,phase:1,nolog,pass,t:none,setvar:tx.crs_setup_version=334"
SecAction "id:900000,phase:1,nolog,pass,t:none,setvar:tx.paranoia_level=%d"
SecAction "id:900200,phase:1,nolog,pass,t:none,setvar:'tx.allowed_methods=GET HEAD POST OPTIONS PUT PATCH DELETE'"
"""


_LOG: Final = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p)


class Missing(Exception):
    """The library or the rules are not installed."""


class _Intervention(ctypes.Structure):
    _fields_ = (
        ("status", ctypes.c_int),
        ("pause", ctypes.c_int),
        ("url", ctypes.c_char_p),
        ("log", ctypes.c_char_p),
        ("disruptive", ctypes.c_int),
    )


class CoreRules:
    """The core rules at one paranoia level, every rule file that loads."""

    def __init__(self, paranoia: int) -> None:
        """Load the library and the rules.  Raises Missing."""
        try:
            self._library = library = ctypes.CDLL(LIBRARY)
        except OSError as error:
            raise Missing(str(error)) from None
        if not RULES.is_dir():
            raise Missing(f"{RULES} is not there")
        library.msc_init.restype = ctypes.c_void_p
        library.msc_create_rules_set.restype = ctypes.c_void_p
        library.msc_new_transaction.restype = ctypes.c_void_p
        self._engine = ctypes.c_void_p(library.msc_init())
        self._log = _LOG(lambda _data, _message: None)
        library.msc_set_log_cb(self._engine, self._log)
        self._rules = ctypes.c_void_p(library.msc_create_rules_set())
        self._add(library.msc_rules_add, _ENGINE % paranoia)
        for path in sorted(RULES.glob("*.conf")):
            if "REQUEST-910" not in path.name:  # its look-up of addresses is compiled out
                self._add(library.msc_rules_add_file, str(path).encode())

    def _add(self, how: Callable[..., int], what: bytes) -> None:
        error = ctypes.c_char_p()
        if how(self._rules, what, ctypes.byref(error)) < 0:
            raise Missing((error.value or b"").decode(errors="replace"))

    def refuses(self, body: bytes) -> bool:
        """Say whether a JSON payment with that body would be refused."""
        library = self._library
        call = ctypes.c_void_p(library.msc_new_transaction(self._engine, self._rules, None))
        try:
            library.msc_process_connection(call, b"127.0.0.1", 40000, b"127.0.0.1", 443)
            library.msc_process_uri(call, b"/payments", b"POST", b"1.1")
            for name, value in (
                (b"Host", b"bank.example"),
                (b"User-Agent", b"partner/1.0"),
                (b"Accept", b"application/json"),
                (b"Content-Type", b"application/json"),
                (b"Content-Length", str(len(body)).encode()),
            ):
                library.msc_add_request_header(call, name, value)
            library.msc_process_request_headers(call)
            library.msc_append_request_body(call, body, ctypes.c_size_t(len(body)))
            library.msc_process_request_body(call)
            answer = _Intervention(200, 0, None, None, 0)
            return bool(library.msc_intervention(call, ctypes.byref(answer)))
        finally:
            library.msc_transaction_cleanup(call)
