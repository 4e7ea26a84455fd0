import shlex
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest
from joserfc.jwk import ECKey

from ringfence.demo.installation import Installation
from ringfence.demo.keeping import how_to_call, keep_fresh, write_kept
from ringfence.demo.partner import Registration, Tokens, Unexpected
from ringfence.ids import system_random

KEY = ECKey.generate_key("P-256")


class Partner:
    def __init__(self, times: int) -> None:
        self.registration = Registration("P", "c", "https://p/cb", ("a",), KEY, KEY)
        self.left = times

    def refresh(self, tokens: Tokens) -> Tokens:
        if not self.left:
            raise Unexpected("revoked")
        self.left -= 1
        return Tokens(f"token-{self.left}", tokens.refresh_token, tokens.seconds, tokens.scopes)


TOKENS = Tokens("token-first", "refresh", 0, ("a",))


def test_key_and_token_are_their_owners_only(tmp_path):
    kept = write_kept(tmp_path, Partner(0), TOKENS)
    assert {path.stat().st_mode & 0o077 for path in (kept.key, kept.token)} == {0}
    assert kept.token.read_text() == "token-first"
    assert ECKey.import_key(kept.key.read_bytes()).thumbprint() == KEY.thumbprint()


def test_the_token_is_replaced_until_the_grant_is_gone(tmp_path):
    partner = Partner(3)
    kept = write_kept(tmp_path, partner, TOKENS)
    with pytest.raises(Unexpected):
        keep_fresh(partner, TOKENS, kept, threading.Event())
    assert kept.token.read_text() == "token-0"


def test_it_stops_when_told(tmp_path):
    stop = threading.Event()
    stop.set()
    partner = Partner(3)
    keep_fresh(partner, TOKENS, SimpleNamespace(token=tmp_path / "t"), stop)
    assert partner.left == 3


def test_each_command_can_be_pasted(tmp_path):
    kept = write_kept(tmp_path, Partner(0), TOKENS)
    commands = how_to_call(Installation(Path("/x"), 1, 2, 3), kept, system_random)
    assert len(commands) >= 4
    for what, command in commands:
        assert what
        assert "\n" not in command
        assert len(shlex.split(command)) > 1
