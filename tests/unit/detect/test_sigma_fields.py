import pytest

from ringfence.detect.selection import compile_selection
from ringfence.detect.sigma_condition import NotExpressible
from ringfence.detect.sigma_fields import condition, of_ours, of_web

KNOWN = frozenset({"path", "status", "method", "network", "client"})


@pytest.mark.parametrize(
    ("name", "modifiers", "value", "fits", "fits_not"),
    [
        ("status", "", 404, 404, 405),
        ("status", "", ["401", 403], 401, 404),
        ("method", "", "get", "GET", "POST"),
        ("path", "", "/admin/*", "/Admin/x", "/x/admin/y"),
        ("path", "", "*/.git/?", "/a/.git/b", "/a/.git/bc"),
        ("path", "", r"/a\*b", "/a*b", "/aXb"),
        ("path", "contains", ["/etc/", "passwd"], "/ETC/x", "/home"),
        ("path", "contains", "a*z", "/a123z", "/za"),
        ("path", "startswith", "/wp-", "/WP-login", "/x/wp-"),
        ("path", "endswith", ".php", "/x.PHP", "/x.php5"),
        ("path", "endswith", "*.ph?", "/x.php", "/x.php5"),
        ("path", "re", "^/v[0-9]+/", "/v2/x", "/x"),
        ("path", "contains|all", ["x"], "/x", "/y"),
        ("network", "cidr", "192.0.2.0/24", "192.0.2.9", "192.0.3.9"),
        ("status", "gte", 500, 500, 499),
        ("status", "gt", 500, 501, 500),
        ("status", "lte", 500, 500, 501),
        ("client", "exists", True, "c", ""),
        ("client", "", None, "", "c"),
        ("client", "", "c_A", "c_A", "c_a"),
    ],
)
def test_a_condition_means_the_same_in_ours(name: str, modifiers: str, value, fits, fits_not) -> None:
    written, ours = condition(name, modifiers, value)
    predicate = compile_selection({written: ours}, KNOWN)
    assert predicate({name: fits})
    assert not predicate({name: fits_not})


@pytest.mark.parametrize(
    ("modifiers", "value"),
    [
        ("contains|all", ["a", "b"]),
        ("base64", "x"),
        ("contains|cased", "x"),
        ("contains|windash", "x"),
        ("gte", "x"),
        ("gte", [1, 2]),
        ("gte", True),
        ("contains", {"a": 1}),
        ("exists", "yes"),
        ("fieldref", "path"),
    ],
)
def test_what_ours_cannot_say_is_refused(modifiers: str, value) -> None:
    with pytest.raises(NotExpressible):
        condition("path", modifiers, value)


def test_names_of_fields() -> None:
    assert of_web("cs-uri-stem") == "path"
    assert of_ours("username_hash") == "username_hash"
    for unknown, name in ((of_web, "cs-uri-query"), (of_web, "cs-user-agent"), (of_web, "Image"), (of_ours, "colour")):
        with pytest.raises(NotExpressible):
            unknown(name)
