"""What the provider says of somebody becomes posts by a file; one that cannot be used is refused with the row that is wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from application.posts import Post
from interfaces.sign_in.claims import ClaimsUnfit, Mapped, read_claims

ROW = {"claim": "groups", "values": ["managers"], "role": "business-manager", "partnership": "bolton"}
FILE = """
subject = "oid"

[[post]]
claim = "https://example.org/roles"
values = ["bm", "acting-bm"]
role = "business-manager"
partnership = "bolton"

[[post]]
claim = "realm_access.roles"
values = ["police"]
role = "delegated-partner"
organisation = "police"
partnership = "bury"
"""


def test_claims_become_posts(tmp_path: Path):
    (tmp_path / "claims.toml").write_text(FILE)
    mapped = read_claims(tmp_path / "claims.toml")
    manager, police = Post("business-manager", None, "bolton"), Post("delegated-partner", "police", "bury")
    assert mapped.posts({"https://example.org/roles": "acting-bm"}) == (manager,)
    assert mapped.posts({"https://example.org/roles": ["bm", "x"], "realm_access": {"roles": ["police"]}}) == (manager, police)
    for nothing in ({}, {"realm_access": "police"}, {"https://example.org/roles": {"bm": True}}, {"https://example.org/roles": ["BM", 7]}):
        assert mapped.posts(nothing) == ()
    assert mapped.subject_of({"oid": "7", "sub": "8"}) == "7"
    assert mapped.subject_of({"sub": "8"}) is None


def test_json_will_do_as_well(tmp_path: Path):
    (tmp_path / "claims.json").write_text(json.dumps({"post": [ROW]}))
    assert read_claims(tmp_path / "claims.json").posts({"groups": ["managers"]}) == (Post("business-manager", None, "bolton"),)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"role": "magician"}, "post.0.role"),
        ({"partnership": "atlantis"}, "post.0.partnership"),
        ({"role": "delegated-partner"}, "local-authority, health, police"),
        ({"values": []}, "post.0.values"),
        ({"organisation": "a/b"}, "post.0.organisation"),
        ({"vaules": ["x"]}, "post.0.vaules"),
    ],
    ids=str,
)
def test_a_row_that_is_wrong_is_named(tmp_path: Path, wrong: dict[str, Any], told: str):
    (tmp_path / "claims.json").write_text(json.dumps({"post": [ROW | wrong]}))
    with pytest.raises(ClaimsUnfit, match=told):
        read_claims(tmp_path / "claims.json")


def test_a_file_that_cannot_be_read_is_said_so(tmp_path: Path):
    with pytest.raises(ClaimsUnfit, match="cannot be read"):
        read_claims(tmp_path / "none.toml")
    (tmp_path / "claims.toml").write_text("[[post]")
    with pytest.raises(ClaimsUnfit, match="not well formed"):
        read_claims(tmp_path / "claims.toml")


def test_a_name_is_one_short_line():
    assert Mapped().called({"name": " Pat\n\x07Quirke " + "x" * 500}) == ("Pat Quirke " + "x" * 500)[:200]
    assert Mapped().called({"name": ["Pat"]}) is None
