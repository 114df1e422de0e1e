"""The zip of a case file, byte for byte: the same content is always the same file, and the BagIt (RFC 8493) in it."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from hashlib import sha256
from struct import Struct

_LOCAL, _CENTRAL, _END = Struct("<4s5H3I2H"), Struct("<4s6H3I5H2I"), Struct("<4s4H2IH")
_VERSION, _UTF8_NAMES, _STORED, _MIDNIGHT, _FIRST_DAY = 20, 0x0800, 0, 0, 0x0021
_MADE_BY, _A_FILE = 0x0314, 0x81A40000

BAGIT = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"


def zipped(entries: Iterable[tuple[str, bytes]]) -> bytes:
    """The one zip of these entries in this order."""
    content, directory, count = bytearray(), bytearray(), 0
    for path, data in entries:
        name, crc, size = path.encode(), zlib.crc32(data), len(data)
        alike = (_VERSION, _UTF8_NAMES, _STORED, _MIDNIGHT, _FIRST_DAY, crc, size, size, len(name), 0)
        directory += _CENTRAL.pack(b"PK\x01\x02", _MADE_BY, *alike, 0, 0, 0, _A_FILE, len(content)) + name
        content += _LOCAL.pack(b"PK\x03\x04", *alike) + name + data
        count += 1
    end = _END.pack(b"PK\x05\x06", 0, 0, count, count, len(directory), len(content), 0)
    return bytes(content + directory + end)


def bag(name: str, about: Mapping[str, str], payload: Mapping[str, bytes]) -> bytes:
    """The payload, by its paths below `data/` and in their order, as a bag of this name. `about` are the lines of `bag-info.txt`,
    `Payload-Oxum` standing where its value is empty."""
    data = {f"data/{path}": content for path, content in payload.items()}
    oxum = f"{sum(map(len, data.values()))}.{len(data)}"
    info = "".join(f"{label}: {value or oxum}\n" for label, value in about.items()).encode()
    tags = {"bagit.txt": BAGIT, "bag-info.txt": info, "manifest-sha256.txt": _manifest(data)}
    ends = {"manifest-sha256.txt": tags["manifest-sha256.txt"], "tagmanifest-sha256.txt": _manifest(tags)}
    whole = {"bagit.txt": BAGIT, "bag-info.txt": info, **data, **ends}
    return zipped((f"{name}/{path}", content) for path, content in whole.items())


def _manifest(files: Mapping[str, bytes]) -> bytes:
    return "".join(f"{sha256(content).hexdigest()}  {path}\n" for path, content in files.items()).encode()
