import msgspec
import pytest

from ringfence.clock import Instant
from ringfence.detect.alert import Alert
from ringfence.detect.responses import Act, acts_for
from ringfence.detect.rule import Mode, Rule


def rule(*responses: str, mode: Mode = "enforce") -> Rule:
    return msgspec.convert(
        {
            "id": "some-rule",
            "title": "Some rule",
            "description": "Does something.",
            "level": "high",
            "mode": mode,
            "selections": {"a": {"event": "call.decided.v1"}},
            "fires": "count > 1",
            "explain": "{count} calls",
            "responses": list(responses),
            "block-for": "10m",
        },
        Rule,
    )


def alert(name: str = "some-rule", at: float = 1000.0, mode: Mode = "enforce", **group: str) -> Alert:
    return Alert("alert_1", name, Instant(at), 1, "high", mode, "t", group, {}, "e", (), context={"user": "user_1"})


def test_an_enforced_rule_blocks_for_its_time() -> None:
    assert acts_for(rule("block-network"), alert(network="192.0.2.1"), ()) == (
        Act("block", "network", "192.0.2.1", 600),
    )
    assert acts_for(rule("block-user"), alert(), ()) == (Act("block", "user", "user_1", 600),)
    assert acts_for(rule("revoke-grant"), alert(grant="g1"), ()) == (Act("revoke", "grant", "g1"),)


@pytest.mark.parametrize("mode", ["shadow", "alert"])
def test_other_modes_do_nothing(mode: Mode) -> None:
    assert acts_for(rule("block-network", mode=mode), alert(network="192.0.2.1"), ()) == ()


def test_what_the_group_does_not_name_is_left_alone() -> None:
    """The context's network may be the victim's: only a rule that groups by network may keep it out."""
    assert acts_for(rule("block-network", "revoke-grant"), alert(user="u"), ()) == ()


def test_a_client_is_kept_out_only_on_the_word_of_two_rules() -> None:
    mine = alert(client="c1")
    for others, acts in (
        ((), 0),
        ((alert(client="c1"),), 0),
        ((alert("other", client="c2"),), 0),
        ((alert("other", at=1000 - 4000, client="c1"),), 0),
        ((alert("other", mode="shadow", client="c1"),), 0),
        ((alert("anomaly", mode="alert", client="c1"),), 0),
        ((alert("other", client="c1"),), 1),
    ):
        assert len(acts_for(rule("block-client"), mine, others)) == acts
