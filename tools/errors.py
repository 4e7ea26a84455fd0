"""Write `docs/errors.md`: every reason for which a call is refused, and how it looks to the caller."""

import sys

from ringfence.problem import MEANINGS, PROBLEM_TYPE_PREFIX, Reason
from tools.tree import ROOT

PAGE = ROOT / "docs" / "errors.md"

HEAD = f"""\
# Errors

Written by `make specs` from `src/ringfence/problem.py`; `make check` fails when it is stale.

A refused call to an API gets `application/problem+json` (RFC 9457). `type` is `{PROBLEM_TYPE_PREFIX}` and the name in
the first column; `title` says what it means, `detail` what is special about this call, `errors` lists the places where
there are several. `correlation_id` names the call: quote it when you ask about it.

The authorization server answers with OAuth errors instead (RFC 6749 §5.2): the third column is its `error`, the title
begins its `error_description`, and `correlation_id` is there too. A 401 of an API carries the same code in
`WWW-Authenticate`.

| reason | status | OAuth `error` | meaning |
|---|---|---|---|
"""


def page() -> str:
    """Return the page as it has to be."""
    rows = []
    for reason in Reason:
        meaning = MEANINGS[reason]
        code = f"`{meaning.oauth}`" if meaning.oauth else "none"
        rows.append(f"| `{reason.value}` | {meaning.status} | {code} | {meaning.title} |")
    return HEAD + "\n".join(rows) + "\n"


def faults() -> list[str]:
    """Return what is wrong: a page that is missing or stale."""
    if PAGE.is_file() and PAGE.read_text() == page():
        return []
    return [f"{PAGE.name} is stale; run `make specs`"]


def main() -> int:
    """Write the page."""
    PAGE.write_text(page())
    return 0


if __name__ == "__main__":
    sys.exit(main())
