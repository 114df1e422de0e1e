"""Whatever way a view is kept, it holds the same rows: page by page or case by case, in pages of any size, after a restart or not."""

from __future__ import annotations

from typing import Any

import pytest
from psycopg import sql

from projections import VIEWS
from projections import view as views
from projections.following import Following
from projections.rebuild import ensure
from projections.view import Build, Connection, View
from tests.projections.telling import anything


def rows(connection: Connection, build: Build) -> list[tuple[Any, ...]]:
    (table,) = build.view.tables
    return connection.execute(sql.SQL("SELECT * FROM {} ORDER BY 1, 2, 3").format(build.table(table))).fetchall()


def empty(connection: Connection, view: View) -> Build:
    """A build that is followed from the very first event."""
    with connection.transaction():
        build = views.make(connection, view)
        views.finish(connection, build)
        views.switch(connection, build)
    return build


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_however_it_is_read_the_rows_are_the_same(connection: Connection, view: View, seed: int):
    log = anything(cases=5, events=120, seed=seed)
    filled = rows(connection, ensure(view, log, connection))
    assert filled
    for size in (1, 3, 50, 1000):
        build = empty(connection, view)
        Following(build, log, connection, page=size).catch_up()
        assert rows(connection, build) == filled, size
