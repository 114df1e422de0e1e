"""Writers for processes of their own."""

from __future__ import annotations

import asyncio
from pathlib import Path

from application.store.keys import KeyFile, Keys
from application.store.store import Conflict, Store
from tests.application.store.examples import StoryTold, save


def write(record: str, keys: str, key_file: str, name: str, *, saves: int, writers: int, shared: str) -> None:
    """`writers` at once in this process, each on a stream of its own and now and then on one that all processes share."""
    asyncio.run(_write(Store(record, Keys(keys, KeyFile(Path(key_file)))), name, saves, writers, shared))


async def _write(store: Store, name: str, saves: int, writers: int, shared: str) -> None:
    async def writer(n: int) -> None:
        place = 0
        for i in range(saves):
            events = (StoryTold(kind="one", told="words"), StoryTold(kind="two"))[: 1 + i % 2]
            place = (await store.append(save(f"case/{name}-{n}", place, *events))).place
            if i % 5 == 0:
                await onto_the_shared()

    async def onto_the_shared() -> None:
        while True:
            history = await store.history(shared)
            try:
                await store.append(save(shared, len(history)))
                return
            except Conflict:
                await asyncio.sleep(0)

    async with store:
        await asyncio.gather(*map(writer, range(writers)))
