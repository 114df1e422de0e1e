"""The zip of a case file, from docs/ledger.md alone: its order, its tag files and its sums."""

from __future__ import annotations

import hashlib
import struct
import zlib

from tests.interfaces.cli.verifying.making import CASE


def pack(files: dict[str, bytes], case: str = CASE, change: tuple[str, str] = ("", "")) -> bytes:
    """The zip, with the tag files and manifests that belong to these entries; the tag files with one change."""
    oxum = f"{sum(map(len, files.values()))}.{len(files)}"
    info = f"Source-Organization: Bolton\nExternal-Identifier: case/{case}\nBagging-Date: 2026-05-01\nPayload-Oxum: {oxum}\n"
    form = "Casetrail-Form: 2\n" if "data/withheld.jsonl" in files else ""
    tags = {
        "bagit.txt": b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n",
        "bag-info.txt": f"{info}Casetrail-Up-To: 1000000000\n{form}".encode(),
    }
    if change[0]:
        tags = {name: content.replace(change[0].encode(), change[1].encode()) for name, content in tags.items()}
    manifest = {"manifest-sha256.txt": manifest_of(files)}
    return zipped({**tags, **files, **manifest, "tagmanifest-sha256.txt": manifest_of({**tags, **manifest})}, case)


def manifest_of(files: dict[str, bytes]) -> bytes:
    return "".join(f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in files.items()).encode()


def zipped(files: dict[str, bytes], case: str = CASE) -> bytes:
    out, directory = b"", b""
    for name, content in files.items():
        raw = f"{case}/{name}".encode()
        common = struct.pack("<5H3I2H", 20, 0x0800, 0, 0, 0x21, zlib.crc32(content), len(content), len(content), len(raw), 0)
        directory += b"PK\x01\x02\x14\x03" + common + struct.pack("<3H2I", 0, 0, 0, 0x81A40000, len(out)) + raw
        out += b"PK\x03\x04" + common + raw + content
    return out + directory + struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, len(files), len(files), len(directory), len(out), 0)
