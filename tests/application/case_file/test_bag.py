"""The zip of a case file is one that every other programme reads, and always the same for the same content."""

from __future__ import annotations

import hashlib
import io
import zipfile

from application.case_file.bag import bag, zipped

ABOUT = {"Source-Organization": "Those of Bolton", "External-Identifier": "case/x", "Payload-Oxum": ""}


def test_other_programmes_read_it():
    content = {"a.txt": b"first\n", "folder/ü.json": "ü\n".encode(), "empty": b""}

    with zipfile.ZipFile(io.BytesIO(zipped(content.items()))) as read:
        assert read.testzip() is None
        assert {name: read.read(name) for name in read.namelist()} == content
        assert [info.compress_type for info in read.infolist()] == [zipfile.ZIP_STORED] * 3
        assert [info.date_time for info in read.infolist()] == [(1980, 1, 1, 0, 0, 0)] * 3
        assert [(info.create_system, info.external_attr >> 16) for info in read.infolist()] == [(3, 0o100644)] * 3


def test_a_bag_says_how_many_bytes_it_has_and_the_hash_of_each_entry():
    made = bag("x", ABOUT, {"one": b"1", "two": b"22"})

    with zipfile.ZipFile(io.BytesIO(made)) as read:
        entries = {name: read.read(name) for name in read.namelist()}
    assert [*entries] == [
        "x/bagit.txt", "x/bag-info.txt", "x/data/one", "x/data/two", "x/manifest-sha256.txt", "x/tagmanifest-sha256.txt",
    ]  # fmt: skip
    assert entries["x/bag-info.txt"].decode().splitlines() == [
        "Source-Organization: Those of Bolton", "External-Identifier: case/x", "Payload-Oxum: 3.2",
    ]  # fmt: skip
    assert entries["x/manifest-sha256.txt"].decode() == f"{_hash(b'1')}  data/one\n{_hash(b'22')}  data/two\n"
    tags = [f"{_hash(entries['x/' + name])}  {name}" for name in ("bagit.txt", "bag-info.txt", "manifest-sha256.txt")]
    assert entries["x/tagmanifest-sha256.txt"].decode().splitlines() == tags


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
