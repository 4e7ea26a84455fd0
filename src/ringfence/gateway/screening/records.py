"""Marks of text that would forge lines in logs, header fields, requests and directory queries.  CWE-117; CWE-113; CWE-90."""

from typing import Final

from ringfence.gateway.screening.pattern import HINT, SURE, AttackClass, Pattern, marks

_FIELDS: Final = (
    r"(?:content-(?:type|length|disposition|encoding|location|security-policy)|set-cookie2?|location|host|transfer-encoding|cookie|authorization|"
    r"connection|cache-control|referer|user-agent|origin|status|refresh|expires|last-modified|etag|server|link|x-[\w-]+|access-control-[\w-]+|"
    r"proxy-[\w-]+|sec-[\w-]+|accept(?:-[\w-]+)?|bcc|cc|to|from|subject|reply-to|mime-version|return-path|via|forwarded)"
)

PATTERNS: Final[tuple[Pattern, ...]] = (
    *marks(
        AttackClass.HEADER,
        SURE,
        {
            "field": rf"(?:[\r\n]|%0[ad]|\\r\\n|\x{{560a}}|\x{{560d}}|\x{{0a}}\x{{0d}})[\s]*{_FIELDS}\s*:",
            "request": r"\b(?:get|post|head|put|delete|options|patch|trace|connect|propfind)\s+(?:/|https?://|\*)\S*\s+http/\d|[\r\n]\s*http/\d|\bhttp/\d\.\d\s+\d{3}\b|[\r\n]{2,}\s*<(?:html|meta|script|body)",
            "status": r"(?:[\r\n]|%0[ad]).*\bhttp/\d(?:\.\d)?\b",
            "upgrade": r"\bunix:[^|]*\||\bbytes=(?:[\d\s]*-[\d\s]*,){5}",
        },
    ),
    *marks(
        AttackClass.LOG,
        SURE,
        {
            "line": r"[\r\n]+\s*(?:\d{4}-\d\d-\d\d[T ]\d\d:\d\d|\[?\s*(?:info|warn(?:ing)?|error|debug|fatal|critical|notice)\s*\]?\s*[:\-|]|\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}\s+-\s|\w{3}\s+\d{1,2}\s+\d\d:\d\d:\d\d\s)",
            "terminal": r"\x1b[\[\]PX^_()]|\x{9b}[0-9;]*[a-z]",
            "control": r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]",
            "override": r"[\x{202e}\x{202d}]",
        },
    ),
    *marks(
        AttackClass.LDAP,
        SURE,
        {
            "filter": r"\)\s*\(\s*[|&!]|\(\s*[|&!]\s*\(|\*\s*\)\s*\(|\)\s*\(\s*[\w.;-]+\s*[~<>]?=|\)\s*[|&!]\s*\(\s*[\w-]+=|\|\s*\(\s*[\w-]+=|\*\s*\)\s*\)\s*%00|\(\s*(?:objectclass|objectcategory|uid|cn|sn|mail|userpassword|samaccountname|givenname|memberof)\s*[~<>]?=|\b(?:objectclass|userpassword)\s*=\s*\*",
        },
    ),
    *marks(AttackClass.LDAP, HINT, {"star": r"^\*\)|\(\w+=\*"}),
    *marks(AttackClass.HEADER, HINT, {"line-break-name": r"[\r\n]\s*[a-z][\w-]+\s*[:=]"}),
)
