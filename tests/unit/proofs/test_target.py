import pytest

from ringfence.problem import Reason
from ringfence.proofs.target import check_target, normalized

CALLED = "https://api.bank.example/a/b~c"


@pytest.mark.parametrize(
    "named",
    [
        CALLED,
        "https://API.Bank.Example/a/b~c",
        "HTTPS://api.bank.example/a/b~c",
        "https://api.bank.example:443/a/b~c",
        "https://api.bank.example:/a/b~c",
        "https://api.bank.example/a/b%7Ec",
        "https://api.bank.example/a/b%7ec",
        "https://api.bank.example/%61/b~c?x=/y",
        "https://api.bank.example/a/b~c?\n",
    ],
)
def test_two_ways_to_write_one_url(named):
    check_target(named, CALLED)
    check_target(named, CALLED.replace("~", "%7E"))


@pytest.mark.parametrize(
    "named",
    [
        "http://api.bank.example/a/b~c",
        "https://api.bank.example:80/a/b~c",
        "https://api.bank.example:8443/a/b~c",
        "https://api.bank.example.evil/a/b~c",
        "https://api.bank.example/A/b~c",
        "https://api.bank.example/a/b~c/",
        "https://api.bank.example//a/b~c",
        "https://api.bank.example/a%2Fb~c",
        "https://api.bank.example/x/../a/b~c",
        "https://user@api.bank.example/a/b~c",
        "https://evil.example\\@api.bank.example/a/b~c",
        "https://api.bank.example",
        "/a/b~c",
        "//api.bank.example/a/b~c",
        "api.bank.example/a/b~c",
        "ftp://api.bank.example/a/b~c",
        "https:///a/b~c",
        " https://api.bank.example/a/b~c",
        "https://api.bank.example/a/b~c ",
        "https://api.bank.example/a/b~c\n",
        "https://api.bank.example/a/ä",
        "",
    ],
)
def test_another_url(refusal, named):
    assert refusal(check_target, named, CALLED) is Reason.PROOF_URL


def test_an_empty_path_is_the_root():
    assert normalized("https://h") == normalized("https://h:443/") == normalized("https://h?x") == "https://h/"
    assert normalized("http://h:80") == "http://h/"


def test_a_reserved_character_stays_encoded_in_capitals():
    assert normalized("https://h/%2f%3a%41") == "https://h/%2F%3AA"


def test_an_ipv6_address():
    check_target("https://[2001:DB8::1]:443/x", "https://[2001:db8::1]/x")
