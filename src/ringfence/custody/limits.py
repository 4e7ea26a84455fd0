"""How often one key of AES-GCM is used: what the signer and those who hold data keys both keep to.  NIST SP 800-38D §8.3; PCI DSS §3.7.4."""

from typing import Final

BLOCK: Final = 1 << 16
"""Uses of one lease: a write to the disk each 65,536."""

SOFT: Final = 1 << 31
"""Uses after which a key of AES-GCM is replaced."""

HARD: Final = 1 << 32
"""Uses of one key of AES-GCM with random nonces, at most (NIST SP 800-38D §8.3)."""
