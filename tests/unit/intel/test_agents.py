import pytest

from ringfence.intel.agents import LONGEST_AGENT, MOST_REMEMBERED, PATTERNS_EACH, Agents, BadPattern


def test_a_user_agent_is_found_in_every_feed_without_regard_to_case() -> None:
    agents = Agents([("sqlmap", "tools"), ("nikto", "tools"), ("^curl/", "plain")])
    assert agents.of("SQLMap/1.7") == ("tools",)
    assert agents.of("curl/8 (like sqlmap)") == ("plain", "tools")
    assert agents.of("Mozilla/5.0 curl/8") == ()
    assert agents.of("") == ()
    assert Agents().of("sqlmap") == ()


def test_many_patterns_and_long_or_strange_agents() -> None:
    agents = Agents([(f"tool{i}x", f"f{i % 3}") for i in range(PATTERNS_EACH * 3 + 1)])
    assert agents.of(f"tool{PATTERNS_EACH * 3}x") == ("f0",)
    assert agents.of("y" * LONGEST_AGENT + "tool1x") == ()
    assert agents.of("\udc80tool1x\x00") == ("f1",)
    for i in range(MOST_REMEMBERED + 10):
        agents.of(f"agent {i}")
    assert len(agents._remembered) <= MOST_REMEMBERED


def test_what_re2_does_not_take_is_told() -> None:
    with pytest.raises(BadPattern, match=r"bad: RE2 does not take '\('"):
        Agents([("ok", "good"), ("(", "bad")])
    with pytest.raises(BadPattern):
        Agents([(r"(a)\1", "bad")])
