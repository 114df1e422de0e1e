"""Files that the command line writes about cases."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from interfaces.cli.saying import CannotDo


def keep(output: Path, content: bytes) -> None:
    """Whole or not at all, and for its owner alone: the words in it are about children.

    Raises:
        CannotDo: nothing can be written there.
    """
    draft = output.with_name(f".{output.name}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
        draft.replace(output)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise CannotDo(f"Nothing can be written to {output}: {error.strerror}.") from None
