"""The run after each one is read before it is asked for, and only given where it is still wanted."""

import asyncio

from node_gateway.chain import node
from node_gateway.jobs.run_reading import IndexedBlock, ReadingAhead, Run, WantedRun

HEADER = node.Header(0, b"", b"", 0, 0, 0, 0, ())
LEDGER = "0x" + "aa" * 20


class Source:
    """Gives two blocks at a time, and remembers what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    async def read(self, wanted: WantedRun) -> Run:
        self.asked.append(wanted.first)
        await asyncio.sleep(0)
        numbers = range(wanted.first, min(wanted.first + 2, wanted.last + 1))
        return [IndexedBlock(HEADER._replace(number=number), [], [], [], []) for number in numbers]


def _wanted(first: int, *, is_fresh: bool = False) -> WantedRun:
    return WantedRun(LEDGER, first, 9, True, True, is_fresh)


async def _numbers(ahead: ReadingAhead, wanted: WantedRun) -> list[int]:
    run = await ahead.read(wanted)
    await asyncio.sleep(0)
    return [block.header.number for block in run]


async def test_the_next_run_is_read_once_and_before_it_is_asked_for() -> None:
    source = Source()
    ahead = ReadingAhead(source)
    assert await _numbers(ahead, _wanted(5)) == [5, 6]
    assert source.asked == [5, 7]
    assert await _numbers(ahead, _wanted(7)) == [7, 8]
    assert await _numbers(ahead, _wanted(9)) == [9]
    assert source.asked == [5, 7, 9], "nothing comes after the newest block"


async def test_what_is_not_wanted_any_more_is_not_given() -> None:
    source = Source()
    ahead = ReadingAhead(source)
    await _numbers(ahead, _wanted(5))
    assert await _numbers(ahead, _wanted(6)) == [6, 7]
    assert await _numbers(ahead, _wanted(8, is_fresh=True)) == [8, 9]
    assert source.asked == [5, 7, 6, 8, 8]
