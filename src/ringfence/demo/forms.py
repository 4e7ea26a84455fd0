"""Read the forms of an HTML page, the way a browser without script does.  HTML §4.10."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Final

_UNTOUCHED: Final = frozenset({"submit", "button", "reset", "image", "file"})
"""Inputs that are sent only when they are pressed, or not at all."""


@dataclass
class Form:
    """One form: where it goes, what it already holds, and its buttons' names and values by their ids."""

    form_id: str
    action: str
    method: str
    fields: list[tuple[str, str]] = field(default_factory=list)
    buttons: dict[str, tuple[str, str]] = field(default_factory=dict)

    def filled(self, values: dict[str, str], button: str = "") -> list[tuple[str, str]]:
        """Return what is sent when some fields are typed into and a button is pressed.

        Raises:
            LookupError: the form has no such field or button.
        """
        names = {name for name, _ in self.fields}
        if missing := values.keys() - names:
            raise LookupError(f"the form {self.form_id} has no field {', '.join(sorted(missing))}")
        sent = [(name, values.get(name, value)) for name, value in self.fields]
        return [*sent, self.buttons[button]] if button else sent


def read_forms(page: str) -> dict[str, Form]:
    """Return the forms of a page by their ids; a form without an id is left out."""
    reader = _Reader()
    reader.feed(page)
    reader.close()
    return {form.form_id: form for form in reader.forms if form.form_id}


class _Reader(HTMLParser):
    """Collects forms while the page is read."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.forms: list[Form] = []
        self._open: Form | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open a form, or take a field into the open one."""
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._open = Form(given.get("id", ""), given.get("action", ""), given.get("method", "get").lower())
            self.forms.append(self._open)
        elif self._open is not None and tag in {"input", "button"} and "name" in given:
            self._field(self._open, tag, given)

    def handle_endtag(self, tag: str) -> None:
        """Close the form."""
        if tag == "form":
            self._open = None

    def _field(self, form: Form, tag: str, given: dict[str, str]) -> None:
        kind = given.get("type", "submit" if tag == "button" else "text").lower()
        if kind in _UNTOUCHED:
            form.buttons[given.get("id", given.get("value", ""))] = (given["name"], given.get("value", ""))
        elif kind not in {"checkbox", "radio"} or "checked" in given:
            form.fields.append((given["name"], given.get("value", "on" if kind == "checkbox" else "")))
