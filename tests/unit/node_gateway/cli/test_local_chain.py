"""What a local chain leaves on the disk."""

from pathlib import Path

from node_gateway.cli.local_chain import keep_whole_dump

WHOLE = b'{"block":{},"historical_states":null}'


def test_takes_over_a_whole_dump(tmp_path: Path) -> None:
    kept, written = tmp_path / "kept", tmp_path / "written"
    kept.write_bytes(b"old")
    written.write_bytes(WHOLE)

    keep_whole_dump(kept, written)

    assert (kept.read_bytes(), written.exists()) == (WHOLE, False)


def test_keeps_the_last_whole_dump_when_the_disk_was_full(tmp_path: Path) -> None:
    kept, written = tmp_path / "kept", tmp_path / "written"
    kept.write_bytes(WHOLE)
    written.write_bytes(WHOLE[:20])

    keep_whole_dump(kept, written)

    assert (kept.read_bytes(), written.exists()) == (WHOLE, False)


def test_a_chain_that_never_ran_has_nothing(tmp_path: Path) -> None:
    keep_whole_dump(tmp_path / "kept", tmp_path / "written")

    assert list(tmp_path.iterdir()) == []
