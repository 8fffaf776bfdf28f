"""The arithmetic tests notice planted bugs; `scripts/mutate` without a number plants all of them."""

import random
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
SAMPLE = 2


def test_a_sample_of_planted_bugs_is_caught() -> None:
    seed = random.randrange(2**32)
    command = ["scripts/mutate", "--sample", str(SAMPLE), "--seed", str(seed)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    assert f"{SAMPLE} of {SAMPLE} bugs caught" in run.stdout
