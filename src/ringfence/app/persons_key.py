"""The key that the keys of persons are wrapped with: kept by the signer as a data key, whose name lies in a file.  NIST SP 800-57 part 1 §6.2.2."""

import contextlib
from pathlib import Path
from typing import Final

from ringfence.custody.client import SignerClient
from ringfence.custody.wire import Context, SignerRefused
from ringfence.ids import Random
from ringfence.keys.purposes import PERSONS
from ringfence.keys.sealing import Sealer
from ringfence.store.interface import Unavailable
from ringfence.store.private_file import write_once

PURPOSE: Final = "data"
CONTEXT: Final = Context(field=PERSONS)


async def make_or_open(path: Path, custody: SignerClient, random: Random) -> Sealer:
    """Return what seals the keys of persons; the key is made where its file is absent.

    Raises:
        Unavailable: the signer is not there or refuses, or the file cannot be used.
    """
    try:
        if not path.exists():  # noqa: ASYNC240 - once, at the start
            made = await custody.generate(PURPOSE, CONTEXT)
            with contextlib.suppress(FileExistsError):  # another process was quicker: its key counts
                write_once(path, made.data_key.encode())
    except SignerRefused as why:
        raise Unavailable(f"keys of persons: the signer refuses: {why}") from None
    except OSError as error:
        raise Unavailable(f"keys of persons: {error}") from error
    return await open_sealer(path, custody, random)


async def open_sealer(path: Path, custody: SignerClient, random: Random) -> Sealer:
    """Return what opens the keys of persons; each time leaves a use on record.

    Raises:
        Unavailable: there is no such key, or the signer is not there or refuses.
    """
    try:
        name = path.read_text("ascii").strip()  # noqa: ASYNC240 - once
        return Sealer(await custody.unwrap(name, CONTEXT), random)
    except SignerRefused as why:
        raise Unavailable(f"keys of persons: the signer refuses: {why}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise Unavailable(f"keys of persons: {path} cannot be read: {error}") from None
