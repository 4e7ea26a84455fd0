"""Scanners for card numbers and IBANs that share no code with what masks them."""

import re

CARDS = ("4111111111111111", "5555 5555 5555 4444", "3782-822463-10005")
IBANS = ("GB82WEST12345698765432", "DE89 3704 0044 0532 0130 00", "FR1420041010050500013M02606")


def cards(text: str) -> list[str]:
    """A scanner that shares no code with the masks: digits with separators, by Luhn's sum over string pairs."""
    found = []
    for m in re.finditer(r"(?<![0-9A-Za-z])(?:[0-9][ -]?){12,18}[0-9](?![0-9A-Za-z])", text):
        digits = re.sub(r"\D", "", m[0])
        total = sum(int(d) for d in digits[-1::-2]) + sum(sum(divmod(2 * int(d), 10)) for d in digits[-2::-2])
        found += [m[0]] if total % 10 == 0 and len(set(digits)) > 1 else []
    return found


def ibans(text: str) -> list[str]:
    found = []
    for m in re.finditer(r"\b[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]){11,30}", text):
        for end in range(len(m[0]), 14, -1):
            letters = m[0][:end].replace(" ", "")
            rearranged = "".join(
                str("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ".index(c)) for c in letters[4:] + letters[:4]
            )
            if len(letters) in range(15, 35) and int(rearranged) % 97 == 1:
                found.append(m[0][:end])
                break
    return found
