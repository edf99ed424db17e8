"""The vendored example payloads are what their README says."""

import hashlib
from importlib.resources import files
from pathlib import Path

import orjson
import pytest

from tests.example_payloads import EXAMPLES, example_payloads

PACKAGED = sorted(Path(str(files("github_metrics.simulator") / "payloads")).glob("*.json"))


def test_the_examples_are_unmodified() -> None:
    readme = (EXAMPLES.parents[1] / "README.md").read_text()
    assert hashlib.sha256(EXAMPLES.read_bytes()).hexdigest() in readme


def test_there_are_329_examples_of_58_events() -> None:
    examples = example_payloads()
    assert len(examples) == 329
    assert len({event for event, _ in examples}) == 58


@pytest.mark.parametrize("path", PACKAGED, ids=lambda path: path.stem)
def test_every_base_payload_is_an_example_verbatim(path: Path) -> None:
    assert (path.stem, orjson.loads(path.read_bytes())) in example_payloads()


def test_the_base_payloads_carry_their_licence() -> None:
    assert PACKAGED
    assert "Copyright (c) 2018 Gregor Martynus" in PACKAGED[0].with_name("README.md").read_text()
