"""The parts of `plan_for` and `shrink` that need no PyTorch: channels of a plan, and names of an exported graph.

CI has no PyTorch. Where it is installed, test_torch_check.py runs the rest on small modules. By hand,
samples/python/torch_modules.py runs it on larger ones; its results are beside it.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import command, run

import tessera_h5
from tessera_h5._errors import TesseraError
from tessera_h5._torch_channels import Dimension, kept_channels
from tessera_h5._torch_names import Origin, axis_names, origins, renamed, without_axes
from tessera_h5._torch_options import options
from tessera_h5._torch_words import axis_lines, is_axis_line


def plan(tensors: list[dict[str, Any]], axes: dict[str, Any], units: int = 4, **task: Any) -> dict[str, Any]:
    return {"format": "tessera.plan/1", "units": units, "axes": axes, "tensors": tensors,
            "tasks": [{"name": "one", **task}, {"name": "two"}]}


def kept(tensors: list[dict[str, Any]], axes: dict[str, Any], shape: tuple[int, ...], task: str = "one",
         level: int | str = 1, name: str = "w", **options: Any) -> list[list[int] | None]:
    """The kept positions of each dimension of the tensor `name`."""
    found = kept_channels(plan(tensors, axes, **options), {name: shape}, task, level)
    return [None if each.kept is None else list(each.kept) for each in found[name]]


ON_A = [{"name": "w", "axes": ["a", None]}]


@pytest.mark.parametrize(("axis", "level", "task", "expected"), [
    # 10 = 3 + 3 + 2 + 2 channels; task 'two' begins with unit 1, then takes unit 0 (the nearest, the lower one).
    ({"size": 10}, 1, "one", [0, 1, 2]),
    ({"size": 10}, 2, "one", [0, 1, 2, 3, 4, 5]),
    ({"size": 10}, 1, "two", [3, 4, 5]),
    ({"size": 10}, 2, "two", [0, 1, 2, 3, 4, 5]),
    ({"size": 10}, 3, "two", [0, 1, 2, 3, 4, 5, 6, 7]),
    ({}, 1, "one", [0, 1, 2]),
    ({"units": [1, 2, 3, 4]}, 1, "two", [1, 2]),
    ({"units": [[9], [0, 4], [1, 2, 3], [5, 6, 7, 8]]}, 1, "two", [0, 4]),
    ({"units": [[9], [0, 4], [1, 2], [5, 6, 7, 8]], "common": [3]}, 1, "one", [3, 9]),
    ({"size": 10, "common": [0, 9]}, 1, "one", [0, 1, 2, 9]),
    ({"size": 10, "granule": 2}, 1, "one", [0, 1, 2, 3]),
    ({"size": 10, "granule": 2}, 1, "two", [4, 5]),
])
def test_units_of_an_axis(axis: dict[str, Any], level: int, task: str, expected: list[int]) -> None:
    assert kept(ON_A, {"a": axis}, (10, 7), task, level) == [expected, None]


def test_an_axis_with_fewer_channels_than_units_is_whole() -> None:
    found = kept_channels(plan(ON_A, {"a": {"size": 3}}), {"w": (3, 7)}, "one", 1)["w"][0]
    assert (found.size, found.is_smaller) == (3, False)


def test_the_rule_adjacent_goes_down_first() -> None:
    document: dict[str, Any] = plan(ON_A, {"a": {"size": 8}}) | {
        "assignment": {"rule": "adjacent"}, "tasks": [{"name": "one"}, {"name": "two"}, {"name": "three"}]}
    assert list(kept_channels(document, {"w": (8, 7)}, "three", 2)["w"][0].kept or ()) == [2, 3, 4, 5]


@pytest.mark.parametrize(("place", "extent", "expected"), [
    ({"axis": "a", "inner": 3}, 12, [0, 1, 2]),
    ({"axis": "a", "outer": 3}, 12, [0, 4, 8]),
    ({"axis": "a", "inner": 2, "outer": 2}, 16, [0, 1, 8, 9]),
    ({"concat": ["a", {"size": 2}, {"axis": "b", "inner": 2}]}, 16, [0, 4, 5, 6, 7]),
])
def test_positions_of_a_channel(place: Any, extent: int, expected: list[int]) -> None:
    axes = {"a": {"size": 4}, "b": {"size": 5, "units": [1, 1, 2, 1]}}
    assert kept([{"name": "w", "axes": [place]}], axes, (extent,)) == [expected]


def test_a_concat_gets_a_size_from_another_tensor() -> None:
    document = plan([{"name": "w", "axes": [{"concat": ["a", "b"]}]}, {"name": "v", "axes": ["b"]}],
                    {"a": {"size": 4}, "b": {}})
    found = kept_channels(document, {"w": (12,), "v": (8,)}, "one", 1)
    assert found["w"][0].kept == (0, 4, 5)


def test_templates_and_the_first_match() -> None:
    tensors: list[dict[str, Any]] = [{"match": "layer1.*", "axes": []},
                                     {"match": "layer{}.up.*", "axes": ["ffn{}", None]},
                                     {"match": "*", "axes": [None, "other"]}]
    axes = {"ffn{}": {"size": 8}, "ffn2": {"units": [5, 1, 1, 1]}, "other": {"size": 8}}
    shapes = {"layer0.up.weight": (8, 8), "layer1.up.weight": (8, 8), "layer2.up.weight": (8, 8), "head": (8, 8)}
    found = kept_channels(plan(tensors, axes), shapes, "one", 1)
    assert {name: [each.size for each in dimensions] for name, dimensions in found.items()} == {
        "layer0.up.weight": [2, 8], "layer2.up.weight": [5, 8], "head": [8, 2]}


def test_levels_by_name_by_list_and_by_axis() -> None:
    task = {"name": "one", "order": [2, 0, 1, 3], "levels": {"small": 1, "large": [0, 3]},
            "axes": {"b{}": {"order": [3, 2, 1, 0]}, "b2": {"levels": [[1], [1, 2]]}}}
    axes = {"a": {"size": 4}, "b1": {"size": 4}, "b2": {"size": 4}}

    def one(axis: str, level: int | str) -> list[int]:
        document = plan([{"name": "w", "axes": [axis]}], axes) | {"tasks": [task]}
        return list(kept_channels(document, {"w": (4,)}, "one", level)["w"][0].kept or ())

    assert [one("a", "small"), one("a", 2), one("b1", 1), one("b2", "large")] == [[2], [0, 3], [3], [1, 2]]


@pytest.mark.parametrize(("change", "words"), [
    ({"format": "tessera.plan/2"}, "tessera.plan/1"),
    ({"tasks": []}, "one of the tasks"),
    ({"tensors": [{"name": "w", "axes": ["b", None]}]}, "an entry in \"axes\" for 'b'"),
    ({"tensors": [{"name": "w", "axes": ["a"]}]}, "expected 1 dimensions"),
    ({"tensors": [{"name": "w", "axes": [None, "a"]}]}, "expected 10 positions of a, found 7"),
    ({"tensors": [{"name": "w", "units": [0]}]}, "\"units\""),
    ({"tensors": [{"name": "w", "mask": "m"}]}, "\"mask\""),
    ({"tensors": [{"name": "w", "axes": [{"axis": "a", "compact": True}, None]}]}, "compact"),
    ({"tasks": [{"name": "one", "levels": [1, 2]}], "level": 3}, "1 to 2, found 3"),
    ({"tasks": [{"name": "one", "levels": {"s": 1}}], "level": "t"}, "1 to 1, s, found 't'"),
])
def test_a_plan_that_does_not_fit_is_refused(change: dict[str, Any], words: str) -> None:
    level = change.pop("level", 1)
    with pytest.raises(TesseraError, match=words.replace("/", ".")):
        kept_channels(plan(ON_A, {"a": {"size": 10}}) | change, {"w": (10, 7)}, "one", level)


def test_a_dimension_of_all_channels_is_not_smaller() -> None:
    assert not Dimension(4, (0, 1, 2, 3)).is_smaller
    assert Dimension(4, (0, 1, 2)).is_smaller and Dimension(4, None).size == 4


RANDOM = np.random.default_rng(0)
WEIGHT, BIAS = RANDOM.random((3, 5), np.float32), RANDOM.random(7, np.float32)


@pytest.mark.parametrize(("initializer", "expected"), [
    ({"w": WEIGHT}, {"w": Origin("w", (0, 1))}),
    ({"val_3": WEIGHT.T}, {"val_3": Origin("w", (1, 0))}),
    ({"val_3": WEIGHT}, {"val_3": Origin("w", (0, 1))}),
    ({"val_3": WEIGHT[:, :, None]}, {"val_3": Origin("w", (0, 1))}),
    ({"w": WEIGHT.T.copy()}, {"w": Origin("w", (1, 0))}),
    ({"val_3": BIAS[:, None, None]}, {"val_3": Origin("b", (0,))}),
    ({"val_3": BIAS[None, :]}, {"val_3": Origin("b", (1,))}),
    ({"val_3": BIAS.astype(np.float64)}, {}),
    ({"val_3": WEIGHT.reshape(5, 3)}, {}),
    ({"val_3": WEIGHT + 1}, {}),
])
def test_the_origin_of_an_initializer(initializer: dict[str, Any], expected: dict[str, Origin]) -> None:
    assert origins(initializer, {"w": WEIGHT, "b": BIAS}) == expected


def test_two_equal_tensors_have_no_origin_by_value() -> None:
    assert origins({"val_3": WEIGHT}, {"w": WEIGHT, "v": WEIGHT}) == {}
    assert origins({"val_3": WEIGHT, "v": WEIGHT}, {"w": WEIGHT, "v": WEIGHT}) == {
        "val_3": Origin("w", (0, 1)), "v": Origin("v", (0, 1))}


def test_renamed_entries() -> None:
    document = plan([{"name": "val_3", "axes": ["a", None]}, {"name": "bias", "axes": ["b"]},
                     {"name": "val_4", "axes": [{"axis": "c", "inner": 2}]}, {"name": "val_5", "axes": [None]}],
                    {"a": {"size": 5}, "b": {"size": 7}, "c": {"size": 2}},
                    private=[{"name": "val_3"}, {"name": "val_9"}, "head.*"])
    found = {"val_3": Origin("w", (1, 0)), "bias": Origin("bias", (0,))}
    result, lost = renamed(document, found, {"w": ("tied.w",)})
    assert result["tensors"] == [{"name": "w", "axes": [None, "a"]}, {"name": "tied.w", "axes": [None, "a"]},
                                 {"name": "bias", "axes": ["b"]}]
    assert (lost, list(result["axes"])) == (["val_4"], ["a", "b"])
    assert result["tasks"][0]["private"] == [{"name": "w"}, "head.*"]


def test_entries_without_axes() -> None:
    entries = [{"name": "v", "axes": ["a", {"axis": "b", "inner": 2}]}, {"name": "u", "axes": ["b"]},
               {"name": "w", "axes": [{"concat": ["a", {"axis": "b", "inner": 2}, {"size": 3}, "c"]}]},
               {"name": "x", "axes": [{"concat": ["b", {"size": 3}]}]}]
    axes = {"a": {"size": 4}, "b": {"units": [1, 2, 3, 4], "common": [0]}, "c": {"units": [[0], [1, 2]]}}
    assert without_axes(entries, axes, {"a"}) == [
        {"name": "v", "axes": ["a", None]},
        {"name": "w", "axes": [{"concat": ["a", {"size": 22}, {"size": 3}, {"size": 3}]}]}]
    assert axis_names(entries) == {"a", "b", "c"}


@pytest.mark.parametrize(("levels", "expected"), [
    ("1,4", "1,4"), ([1, 2], "1,2"), ((1, [0, 3]), "1,[0,3]"), ({"small": 1, "large": [0, 3]}, "small=1,large=[0,3]"),
])
def test_levels_as_the_command_writes_them(levels: Any, expected: str) -> None:
    assert options(4, ["a", "b"], levels, None, None, ["x:size=4"], None) == [
        "--units=4", "--tasks=a,b", f"--levels={expected}", "--axis=x:size=4"]


@pytest.mark.parametrize(("change", "words"), [
    ({"tasks": "search"}, "tasks: expected a list of texts such as ['search'], found 'search'"),
    ({"tasks": ["a,b"]}, "tasks: expected names without commas, found 'a,b'"),
    ({"cuts": "x=a"}, "cuts: expected a list of texts such as ['x=a'], found 'x=a'"),
    ({"order": [1]}, "order: expected a list of texts, found 1 in it"),
    ({"axes": 1}, "axes: expected a list of texts, found 1"),
    ({"levels": [1.5]}, "levels: expected numbers of units such as [1, 2, 4]"),
    ({"levels": 2}, "levels: expected numbers of units such as [1, 2, 4]"),
    ({"units": "4"}, "units: expected a whole number, found '4'"),
    ({"rule": 1}, "rule: expected the name of a rule, found 1"),
])
def test_arguments_of_other_types_are_refused(change: dict[str, Any], words: str) -> None:
    arguments: dict[str, Any] = {"units": 4, "tasks": None, "levels": None, "rule": None, "cuts": None, "axes": None,
                                 "order": None}
    with pytest.raises(TesseraError) as caught:
        options(**(arguments | change))
    assert str(caught.value).startswith(words)


def test_lines_about_axes_are_those_of_the_command(tmp_path: Path) -> None:
    weights = {f"layer{number}.{name}": np.zeros(10 + number // 2, "f4") for number in range(4) for name in "ab"}
    weights["odd"] = np.zeros(24, "f4")
    tensors: list[dict[str, Any]] = [{"name": name, "axes": [name]} for name in weights]
    axes: dict[str, Any] = {name: {"size": len(array)} for name, array in weights.items()}
    axes["layer2.b"] = {"units": [[0, 2], [1, 3], [4, 5, 6], [7, 8, 9, 10]]}
    axes["layer3.b"] |= {"common": [1, 4, 5]}
    axes["layer1.b"] |= {"granule": 2}
    axes["odd"] = {"size": 24, "granule": 3}
    document = plan(tensors, axes)
    tessera_h5.save(tmp_path / "w.h5", weights)
    (tmp_path / "plan.json").write_text(json.dumps(document))
    run("convert", tmp_path / "w.h5", tmp_path / "w.safetensors")
    result = subprocess.run([command(), "plan", tmp_path / "w.safetensors", "--plan", tmp_path / "plan.json"],
                            capture_output=True, text=True)
    shown = result.stderr.splitlines()
    assert result.returncode == 0, shown
    assert axis_lines(document) == [line for line in shown if is_axis_line(line)]
    assert len(axis_lines(document)) >= 5
