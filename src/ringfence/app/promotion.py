"""Put a policy that was tried in the place of the policy file, if it is the one that was tried and nobody has changed the other."""

import shutil
import stat
from pathlib import Path
from typing import Final

from ringfence.app.judge import judge
from ringfence.app.snapshot import name_of
from ringfence.edge.files import replace_file
from ringfence.policy.canary import Canary
from ringfence.policy.mistakes import PolicyMistakes

BEFORE: Final = ".before-canary"
"""What the name of the old text's file ends with."""


def promotion(canary: Canary, file: Path, running: str) -> str:
    """Put a canary's text in the place of the policy file, the old text beside it, or return why not.

    Args:
        canary: what is to hold for everybody.
        file: the policy file.
        running: what the policy in force is called.
    """
    again = "bring both together in the new file, `ringfence canary abort`, and start anew"
    try:
        if running != canary.running or name_of(judge(file)) != running:
            return f"{file} has changed since the canary began: {again}"
        source = Path(canary.source)
        if name_of(judge(source)) != canary.name:
            return f"{source} or a document of it has changed since the canary began: {again}"
        if source.parent.resolve() != file.parent.resolve():
            return f"{source} does not lie beside {file}: its paths would lead elsewhere"
        shutil.copyfile(file, file.with_name(file.name + BEFORE))
        replace_file(file, source.read_bytes(), stat.S_IMODE(file.stat().st_mode))
    except PolicyMistakes as mistakes:
        return f"{mistakes.mistakes[0]}"
    except OSError as error:
        return f"{error}"
    return ""


def taken_back(file: Path) -> None:
    """Put the old text of the policy file back.  Raises OSError."""
    replace_file(file, file.with_name(file.name + BEFORE).read_bytes(), stat.S_IMODE(file.stat().st_mode))
