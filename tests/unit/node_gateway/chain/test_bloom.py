"""The logs' filter, against py-evm's own."""

import random
from typing import Any

from eth_bloom.bloom import BloomFilter

from node_gateway.chain.bloom import bloom_of


def test_is_the_filter_that_engines_compute() -> None:
    dice = random.Random(5)
    logs: list[dict[str, Any]] = [
        {
            "address": "0x" + dice.randbytes(20).hex(),
            "topics": ["0x" + dice.randbytes(32).hex() for _ in range(n)],
        }
        for n in (0, 1, 4, 3)
    ]
    expected = BloomFilter()
    for log in logs:
        for word in (log["address"], *log["topics"]):
            expected.add(bytes.fromhex(word[2:]))
    assert bloom_of(logs) == int(expected)
    assert bloom_of([]) == 0
