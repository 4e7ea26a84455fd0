"""Format-preserving encryption, mode FF1.  NIST SP 800-38G §4, §5, Algorithms 7 and 8.

AES is the library's; the mode over it is here, because no kept library has one. The domain has a million values at least
(revision 1 of the standard): below that a table of all pairs is too cheap to make. FF3 is withdrawn and not here.
"""

import string
from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC, ECB

SMALLEST_DOMAIN: Final = 1_000_000
"""Values of the domain at least.  SP 800-38G revision 1, second draft, §5.1."""
LONGEST: Final = 256
"""Characters of a text at most; the standard allows 2^32, and nobody has such a field."""
LONGEST_TWEAK: Final = 256
"""Bytes of a tweak at most."""
ROUNDS: Final = 10

_BLOCK: Final = 16
_CHARACTERS: Final = string.digits + string.ascii_lowercase
_ZERO: Final = bytes(_BLOCK)


class DomainTooSmall(ValueError):
    """So few values are possible that all of them could be tried."""


class NotOfTheFormat(ValueError):
    """The text has other characters than the radix has, or is too long."""


class FF1:
    """Encrypts texts over the first `radix` of 0–9 and a–z into texts of the same length."""

    __slots__ = ("_aes", "_alphabet", "_radix")

    def __init__(self, key: bytes, radix: int = 10) -> None:
        """Take a key of 16, 24 or 32 bytes that does nothing else, and the radix, 2 to 36.

        Raises:
            ValueError: the key's length or the radix is another.
        """
        if not 2 <= radix <= len(_CHARACTERS):  # noqa: PLR2004 - one character tells nothing
            raise ValueError(f"a radix of {radix}")
        self._aes = AES(key)
        self._radix = radix
        self._alphabet = _CHARACTERS[:radix]

    def encrypt(self, text: str, tweak: bytes = b"") -> str:
        """Return the ciphertext.  Algorithm 7.  Raises DomainTooSmall or NotOfTheFormat."""
        return self._rounds(text, tweak, range(ROUNDS), sign=1)

    def decrypt(self, text: str, tweak: bytes = b"") -> str:
        """Return the plaintext; another tweak or key gives another text and no error.  Algorithm 8.  Raises as `encrypt`."""
        return self._rounds(text, tweak, range(ROUNDS - 1, -1, -1), sign=-1)

    def _rounds(self, text: str, tweak: bytes, order: range, sign: int) -> str:
        n, t, radix = len(text), len(tweak), self._radix
        if n > LONGEST or t > LONGEST_TWEAK or not set(text) <= set(self._alphabet):
            raise NotOfTheFormat("not a text of this format")
        if radix**n < SMALLEST_DOMAIN:
            raise DomainTooSmall(f"{radix}^{n} values: FF1 takes {SMALLEST_DOMAIN} and more")
        u = n // 2
        v = n - u
        left, right = int(text[:u], radix), int(text[u:], radix)
        width = ((radix**v - 1).bit_length() + 7) // 8
        drawn = 4 * -(-width // 4) + 4
        fixed = bytes((1, 2, 1)) + radix.to_bytes(3) + bytes((ROUNDS, u % 256)) + n.to_bytes(4) + t.to_bytes(4)
        padded = tweak + bytes(-(t + width + 1) % _BLOCK)
        modulus = (radix**u, radix**v)
        ecb = Cipher(self._aes, ECB()).encryptor()  # noqa: S305 - one block at a time, as the mode has it
        for i in order:
            held, turned = (right, left) if sign == 1 else (left, right)
            mac = Cipher(self._aes, CBC(_ZERO)).encryptor()
            r = mac.update(fixed + padded + bytes((i,)) + held.to_bytes(width))[-_BLOCK:]
            more = b"".join(ecb.update((int.from_bytes(r) ^ j).to_bytes(_BLOCK)) for j in range(1, -(-drawn // _BLOCK)))
            y = int.from_bytes((r + more)[:drawn])
            c = (turned + sign * y) % modulus[i % 2]
            left, right = (right, c) if sign == 1 else (c, left)
        return self._text(left, u) + self._text(right, v)

    def _text(self, number: int, length: int) -> str:
        characters = []
        for _ in range(length):
            number, digit = divmod(number, self._radix)
            characters.append(self._alphabet[digit])
        return "".join(reversed(characters))
