"""Read a file that a policy names: whole, and no larger than can be meant."""

from pathlib import Path

from ringfence.policy.yaml_source import MAX_FILE_BYTES


def read_file(file: Path) -> bytes:
    """Return what is in a file.  Raises OSError, or ValueError where it is too large."""
    with file.open("rb") as opened:
        raw = opened.read(MAX_FILE_BYTES + 1)
    if len(raw) > MAX_FILE_BYTES:
        raise ValueError(f"it is larger than {MAX_FILE_BYTES} bytes")
    return raw
