"""The key of pairwise subjects: made by the authorization server, read by a gateway worker at the first token that needs it.  OpenID Connect Core §8.1."""

from pathlib import Path

from ringfence.proofs.pairwise_subjects import KEY_BYTES, PREFIX, PairwiseSubjects
from ringfence.store.interface import Unavailable


class FileSubjects:
    """Leads subjects back by the key in a file, which may appear later."""

    def __init__(self, path: Path) -> None:
        """Read nothing yet."""
        self._path = path
        self._known: PairwiseSubjects | None = None

    def __call__(self, subject: str) -> str:
        """Return the customer's id that a subject stands for.

        Raises:
            Refused: TOKEN_MALFORMED for a pairwise subject of another key.
            Unavailable: the key cannot be read.
        """
        if not subject.startswith(PREFIX):
            return subject
        if self._known is None:
            try:
                key = self._path.read_bytes()
            except OSError as error:
                raise Unavailable(f"key {self._path}: {error}") from error
            if len(key) != KEY_BYTES:
                raise Unavailable(f"key {self._path}: it does not hold {KEY_BYTES} bytes")
            self._known = PairwiseSubjects(key)
        return self._known.user_of(subject)
