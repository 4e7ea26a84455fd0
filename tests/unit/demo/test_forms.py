import pytest

from ringfence.demo.forms import read_forms

PAGE = """
<!doctype html><title>x</title><form><input name=ignored value=1></form>
<form id="login" method="POST" action="/oauth/login?a=1&amp;b=2">
  <input type="hidden" name="csrf" value="a&quot;b"><label>User <input name="username"></label>
  <input type=password name=password><input type=checkbox name=remember checked><input type=checkbox name=not>
  <input type=radio name=pick value=one><input type=radio name=pick value=two checked>
  <button id="allow" name="decision" value="allow">Allow</button><button id=deny name=decision value=deny type=submit>No</button>
  <button type=button>nothing</button></form><input name=outside value=1>
"""


def test_a_form_is_read_as_a_browser_reads_it():
    form = read_forms(PAGE)["login"]
    assert (form.method, form.action) == ("post", "/oauth/login?a=1&b=2")
    assert form.fields == [
        ("csrf", 'a"b'),
        ("username", ""),
        ("password", ""),
        ("remember", "on"),
        ("pick", "two"),
    ]
    assert form.buttons == {"allow": ("decision", "allow"), "deny": ("decision", "deny")}


def test_only_the_pressed_button_is_sent():
    sent = read_forms(PAGE)["login"].filled({"username": "amara", "password": "p"}, "deny")
    assert ("decision", "deny") in sent
    assert ("decision", "allow") not in sent
    assert ("username", "amara") in sent
    assert ("csrf", 'a"b') in sent


def test_a_field_that_is_not_there_cannot_be_filled():
    form = read_forms(PAGE)["login"]
    with pytest.raises(LookupError, match="pin"):
        form.filled({"pin": "1"})
    with pytest.raises(LookupError):
        form.filled({}, "later")


def test_forms_without_an_id_are_left_out_and_rubbish_is_no_form():
    assert list(read_forms(PAGE)) == ["login"]
    assert read_forms("<form id='a'><<<>>&&; <input") == read_forms("<form id='a'>")
    assert read_forms("") == {}
