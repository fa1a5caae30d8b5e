"""The pages of `tessera report` and `tessera compare --page` in a real browser.

TESSERA_SCREENSHOTS names a folder for pictures of the pages and their PDF files.
"""

from __future__ import annotations

import json
import os
import warnings
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Iterator

import browser
import numpy as np
import pytest
from browser import Browser
from conftest import ROOT, run

SAMPLE = ROOT / "samples" / "fashion"
COMPLETE = "document.documentElement.dataset.state === 'complete'"
HOSTILE = (
    "</script><script>document.title='run'</script>", "<img src=x onerror=\"document.title='run'\">", "a\nb.weight",
    "right\u202eto left", "\u2028line\u2029", "{{script}}", "x" * 10_240, "&lt;b&gt;", "<!--", "]]>", "it's \"quoted\"",
)

missing = browser.missing()
if missing is not None:
    # A skipped test alone is easily overlooked.
    warnings.warn(f"no page is tested in a browser: {missing}", stacklevel=1)
in_browser = pytest.mark.skipif(missing is not None, reason=f"no page is tested in a browser: {missing}")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pages of the tests: a checkpoint with graph and affinities, one without, flat weights, and the others."""
    path = tmp_path_factory.mktemp("pages")
    plan = json.loads((SAMPLE / "plan.json").read_text())
    values = [[0.91, 0.4, 0.22, 0.1], [0.33, 0.8, 0.31, 0.2], [0.1, 0.45, 0.77, 0.5], [0.05, 0.2, 0.4, 0.93]]
    plan["assignment"] = {
        "rule": "learned", "method": "ablation", "seed": 1, "samples": 128,
        "affinities": {"tasks": [task["name"] for task in plan["tasks"]], "units": 4, "values": values},
    }
    (path / "plan.json").write_text(json.dumps(plan))
    accuracies = json.loads((SAMPLE / "results.json").read_text())["accuracies"]
    rows = [f"{task},{level},{value},1000" for task, levels in accuracies.items() for level, value in levels.items()]
    (path / "results.csv").write_text("task,level,accuracy,test_size\n" + "\n".join(rows) + "\n")
    run("convert", SAMPLE / "weights.safetensors", path / "fashion.h5", "--plan", SAMPLE / "plan.json")
    run("convert", SAMPLE / "network.onnx", path / "graph.h5", "--plan", path / "plan.json")
    run("report", path / "fashion.h5", "-o", path / "fashion.html")
    run("report", path / "graph.h5", "-o", path / "graph.html", "--accuracy", path / "results.csv",
        "--title", "Fashion")
    run("convert", SAMPLE / "study" / "whole.onnx", path / "whole.h5", "--plan", SAMPLE / "study" / "plan.json",
        "--no-prove")
    run("assign", path / "whole.h5", "--learn", "weights", "--per-axis", "-o", path / "axes.h5")
    run("report", path / "axes.h5", "-o", path / "axes.html")
    run("report", SAMPLE / "weights.safetensors", "-o", path / "flat.html")
    np.savez(path / "hostile.npz", **{name.replace("/", "|"): np.full(2, float(place), np.float32)
                                      for place, name in enumerate(HOSTILE)})
    run("report", path / "hostile.npz", "-o", path / "hostile.html", "--title", "</title><script>alert(1)</script>")
    run("extract", path / "fashion.h5", path / "small.safetensors", "--task", "fine", "--level", "2")
    run("report", SAMPLE / "weights.safetensors", path / "small.safetensors", "-o", path / "difference.html")
    run("compare", ROOT / "samples" / "paper" / "study.json", "--page", path / "study.html")
    return path


@pytest.fixture(scope="module")
def window(folder: Path) -> Iterator[Browser]:
    if missing is not None:
        pytest.skip(missing)
    with Browser() as found:
        yield found


def show(window: Browser, path: Path, width: int = 1280, scheme: str = "light") -> None:
    window.resize(width)
    window.prefer(scheme)
    window.open(path)
    window.wait(COMPLETE)


def choose(window: Browser, menu: str, place: int) -> None:
    window.run(
        "const menu = document.getElementById(arguments[0]); menu.selectedIndex = arguments[1];"
        "menu.dispatchEvent(new Event('change', { bubbles: true }))", menu, place)


def shown(window: Browser, name: str) -> int:
    """A number of the page, 0 if the page does not show it."""
    text = window.run("return document.getElementById('value-' + arguments[0])?.textContent ?? '0'", name)
    return int(text.replace(",", ""))


def keep(window: Browser, name: str) -> None:
    """Keeps a picture of the page as an artefact, if there is a folder for it."""
    artefacts = os.environ.get("TESSERA_SCREENSHOTS")
    if artefacts:
        Path(artefacts).mkdir(parents=True, exist_ok=True)
        window.screenshot(Path(artefacts) / f"{name}.png")


PAGES = ("fashion", "graph", "flat", "hostile", "difference", "study")


@in_browser
@pytest.mark.parametrize("name", PAGES)
def test_page_renders_without_errors_at_every_width_and_in_both_schemes(
    name: str, folder: Path, window: Browser
) -> None:
    for width in (1280, 400):
        for scheme in ("light", "dark"):
            show(window, folder / f"{name}.html", width, scheme)
            assert window.console() == []
            assert window.run("return document.documentElement.scrollWidth <= innerWidth")
            background = window.run("return getComputedStyle(document.body).backgroundColor")
            assert (background == "rgb(255, 255, 255)") == (scheme == "light")
            keep(window, f"{name}-{width}-{scheme}")


@in_browser
def test_controls_show_what_count_prints(folder: Path, window: Browser) -> None:
    """Every (task, level, policy), in the numbers of the page and in the sums of its layers."""
    show(window, folder / "fashion.html")
    policies = window.run("return [...document.getElementById('policy').options].map((option) => option.text)")
    flags = [flag for policy in policies for flag in ("--policy", policy)]
    counted = json.loads(run("count", folder / "fashion.h5", "--json", *flags))["policies"]
    tasks = window.run("return [...document.getElementById('task').options].map((option) => option.text)")
    checked = 0
    for place, policy in enumerate(counted):
        choose(window, "policy", place)
        for row in policy["rows"]:
            if row["task"] is None:
                continue
            choose(window, "task", tasks.index(row["task"]))
            window.click(f".segments button:nth-child({row['level']})")
            for name in ("parameters", "bytes", "excluded", "intra", "interconnection", "common", "private"):
                assert shown(window, name) == row[name], (policy["id"], row["task"], row["level"], name)
            answer = window.run("return document.getElementById('answer').textContent")
            assert f"{', '.join(map(str, row['units']))}, {row['parameters']:,} parameters" in answer
            if policy["id"] == "all-stored":
                sizes = window.run(
                    "return [...document.querySelectorAll('.row.layer .size')].map((size) => size.textContent)")
                assert sum(int(size.split(" of ")[0].replace(",", "")) for size in sizes) == row["parameters"]
            checked += 1
    assert checked == 16 * len(counted) and len(counted) >= 7


@in_browser
def test_budget_selects_the_highest_level_that_fits(folder: Path, window: Browser) -> None:
    show(window, folder / "fashion.html")
    choose(window, "task", 2)
    # Level 1 has 8,737 parameters, which are 34,948 bytes; a level may fit exactly.
    for text, expected in (("35,000", "units 2, 1, 31,073"), ("0.07M", "units 2, 1, 3, 67,233"),
                           ("31,073", "units 2, 1, 31,073"), ("31,072", "unit 2, 8,737"),
                           ("35kB", "unit 2, 8,737"), ("34.5KiB", "unit 2, 8,737"),
                           ("5000", "No level of digits fits 5,000 parameters: level 1 needs 8,737.")):
        window.type("#exact", text)
        assert expected in window.run("return document.getElementById('answer').textContent")
    assert window.run("return document.querySelectorAll('.unit.lit, .unit.new').length") == 2  # the legend's
    # An emptied field after a budget that nothing fits: a level is selected again.
    window.run("const field = document.getElementById('exact'); field.value = '1';"
               "field.dispatchEvent(new Event('input')); field.value = ''; field.dispatchEvent(new Event('input'))")
    assert window.run("return document.querySelector('.segments [aria-pressed=true]').textContent") == "1"
    assert "level 1: unit 2" in window.run("return document.getElementById('answer').textContent")
    assert window.run("return document.getElementById('no-script')") is None
    window.type("#exact", "no number")
    assert window.run("return document.getElementById('exact').getAttribute('aria-invalid')") == "true"


@in_browser
def test_added_parameters_are_those_of_the_union(folder: Path, window: Browser) -> None:
    show(window, folder / "fashion.html")
    for level in (1, 2, 3):
        window.click(f".segments button:nth-child({level})")
        choose(window, "loaded", 1 + 9)  # digits, level 2
        union = json.loads(run("count", folder / "fashion.h5", "--json", "--union", f"digits:2,fine:{level}"))
        policy = union["policies"][0]
        digits = next(row for row in policy["rows"] if (row["task"], row["level"]) == ("digits", 2))
        added = policy["union"]["parameters"] - digits["parameters"]
        assert f"adds {added:,} parameters to digits, level 2" in window.run(
            "return document.getElementById('added').textContent")
    # Without another sub-network, the level below is there.
    choose(window, "loaded", 0)
    union = json.loads(run("count", folder / "fashion.h5", "--json", "--union", "fine:2,fine:3"))["policies"][0]
    below = next(row for row in union["rows"] if (row["task"], row["level"]) == ("fine", 2))
    assert f"adds {union['union']['parameters'] - below['parameters']:,} parameters to level 2" in window.run(
        "return document.getElementById('added').textContent")


@in_browser
def test_smallest_policy_is_named(folder: Path, window: Browser) -> None:
    show(window, folder / "fashion.html")
    window.click(".segments button:nth-child(4)")
    assert "The smallest number is 115,200, under dvn-convolutions. The largest is 117,217, under " in window.run(
        "return document.getElementById('smallest').textContent")


@in_browser
def test_keyboard_reaches_everything(folder: Path, window: Browser) -> None:
    show(window, folder / "graph.html")
    focused = "return document.activeElement.id || document.activeElement.textContent"
    order = []
    for _ in range(12):
        window.press(browser.TAB)
        order.append(window.run(focused))
    assert order[:2] == ["Skip to the content", "theme"]
    assert [name for name in order if name in ("task", "budget", "exact", "policy", "loaded")] == [
        "task", "budget", "exact", "policy", "loaded"]
    window.run("document.getElementById('budget').focus()")
    level = "return document.querySelector('.segments [aria-pressed=true]').textContent"
    for key, expected in ((browser.RIGHT, "2"), (browser.RIGHT, "3"), (browser.LEFT, "2"), (browser.END, "4"),
                          (browser.RIGHT, "4"), (browser.HOME, "1")):
        window.press(key)
        assert window.run(level) == expected
    assert "level 1" in window.run("return document.getElementById('budget').getAttribute('aria-valuetext')")
    window.run("[...document.querySelectorAll('.row.layer')]"
               ".find((row) => row.querySelector('.name').textContent === 'conv1').focus()")
    window.press(browser.ENTER)
    assert window.run("return document.activeElement.getAttribute('aria-expanded')") == "true"
    grid = "[...document.querySelectorAll('.inside .blocks td.block')]"
    assert window.run(f"return {grid}.length") == 16
    assert window.run(f"return {grid}.filter((cell) => cell.classList.contains('dark')).length") == 15
    window.press(browser.ENTER)
    assert window.run(f"return {grid}.length") == 0
    outline = window.run("return getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"


@in_browser
def test_controls_have_names_and_tables_have_headings(folder: Path, window: Browser) -> None:
    for name in PAGES:
        show(window, folder / f"{name}.html")
        assert window.run(
            "return [...document.querySelectorAll('select, input')].filter((input) => input.labels.length !== 1)"
            ".map((input) => input.id)") == []
        assert window.run(
            "return [...document.querySelectorAll('button')]"
            ".filter((button) => button.textContent.trim() === '').length"
        ) == 0
        assert window.run("return [...document.querySelectorAll('th')].filter((head) => !head.scope).length") == 0
        assert window.run(
            "return [...document.querySelectorAll('table')].filter((table) => !table.caption).length") == 0
        assert window.run(
            "const ids = [...document.querySelectorAll('[id]')].map((element) => element.id);"
            "return ids.length - new Set(ids).size") == 0
    show(window, folder / "graph.html")
    assert window.run("return document.getElementById('answer').getAttribute('aria-live')") == "polite"


@in_browser
@pytest.mark.parametrize("scheme", ("light", "dark"))
def test_text_has_the_contrast_of_wcag_aa(scheme: str, folder: Path, window: Browser) -> None:
    show(window, folder / "graph.html", scheme=scheme)
    window.click(".segments button:nth-child(3)")
    window.run("for (const row of document.querySelectorAll('.row.layer')) row.click()")
    assert window.run(CONTRAST) == []


@in_browser
def test_theme_button_changes_the_scheme(folder: Path, window: Browser) -> None:
    show(window, folder / "fashion.html")
    window.click("#theme")
    assert window.run("return getComputedStyle(document.body).backgroundColor") != "rgb(255, 255, 255)"
    window.click("#theme")
    assert window.run("return getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


@in_browser
def test_graph_page_has_work_accuracy_and_affinities(folder: Path, window: Browser) -> None:
    show(window, folder / "graph.html")
    work = json.loads(run("count", folder / "graph.h5", "--json", "--work"))["work"]["rows"][0]
    assert shown(window, "work") == work["multiply_adds"]
    assert window.run("return document.getElementById('value-accuracy').textContent").startswith("90.61 %")
    heat = window.run("return [...document.querySelectorAll('.heat')].map((cell) => cell.textContent)")
    assert heat[:4] == ["0.91", "0.4", "0.22", "0.1"] and len(heat) == 16
    assert window.run("return document.querySelectorAll('.plot .whisker').length") == 16
    window.click(".segments button:nth-child(4)")
    lights = window.run(
        "return [...[...document.querySelectorAll('.row.layer')]"
        ".find((row) => row.querySelector('.name').textContent === 'conv1')"
        ".querySelectorAll('.units .unit')].map((unit) => Number(unit.style.opacity))")
    assert lights == sorted(lights, reverse=True) and lights[0] == 1 and lights[3] == pytest.approx(0.4)


@in_browser
def test_layers_show_the_units_of_their_own_axis(folder: Path, window: Browser) -> None:
    show(window, folder / "axes.html")
    fine = json.loads(run("assign", folder / "axes.h5", "--json"))["tasks"][0]
    layers = {"stage1_conv": "stage1", "stage1_conv1": "stage1.inner", "stage2_conv": "stage2",
              "stage2_conv1": "stage2.inner"}
    for level in (1, 2, 3):
        window.click(f".segments button:nth-child({level})")
        for layer, axis in layers.items():
            lit = window.run(
                "const row = [...document.querySelectorAll('.row.layer')]"
                ".find((row) => row.querySelector('.name').textContent === arguments[0]);"
                "return [...row.querySelectorAll('.units .unit')].map((unit, place) => [place, unit.className])"
                ".filter(([, name]) => /\\b(lit|new)\\b/.test(name)).map(([place]) => place)", layer)
            assert lit == sorted(fine["axes"][axis]["order"][:level]), (layer, level)
    assert len({tuple(axis["order"]) for axis in fine["axes"].values()}) > 1


@in_browser
def test_tensors_can_be_searched_and_sorted(folder: Path, window: Browser) -> None:
    show(window, folder / "fashion.html")
    inspected = json.loads(run("inspect", folder / "fashion.h5", "--json", "--digests"))["tensors"]
    first = "return document.querySelector('.paged tbody th').textContent"
    window.click(".paged th:nth-child(4) button")
    assert window.run(first) == max(inspected, key=lambda tensor: tensor["bytes"])["name"]
    window.type("#tensor-search", "head.fine weight")
    found = sum("head.fine" in tensor["name"] and "weight" in tensor["name"] for tensor in inspected)
    assert f"{found} of 542 tensors" in window.run("return document.getElementById('tensor-status').textContent")
    window.click(".paged .opener")
    name = window.run(first)
    digest = next(tensor["sha256"] for tensor in inspected if tensor["name"] == name)
    assert digest in window.run("return document.querySelector('.paged .detail').textContent")


@in_browser
def test_hostile_names_are_text(folder: Path, window: Browser) -> None:
    show(window, folder / "hostile.html")
    assert window.run("return document.title").startswith("</title>")
    assert window.run("return document.querySelectorAll('img').length") == 0
    names = window.run("return [...document.querySelectorAll('.paged tbody th')].map((cell) => cell.textContent)")
    assert len(names) == len(HOSTILE)
    assert "a\\u{a}b.weight" in names and "right\\u{202e}to left" in names
    assert any("10,240 characters" in name for name in names)


@in_browser
@pytest.mark.parametrize("name", PAGES)
def test_page_prints(name: str, folder: Path, window: Browser) -> None:
    show(window, folder / f"{name}.html", scheme="dark")
    printed = window.pdf()
    assert printed.startswith(b"%PDF-") and len(printed) > 10_000
    artefacts = os.environ.get("TESSERA_SCREENSHOTS")
    if artefacts:
        Path(artefacts).mkdir(parents=True, exist_ok=True)
        (Path(artefacts) / f"{name}.pdf").write_bytes(printed)


@in_browser
def test_paper_shows_folded_modules_and_plain_tables(folder: Path, window: Browser) -> None:
    show(window, folder / "fashion.html")
    rows = "return document.querySelectorAll('.row.layer').length"
    window.run("[...document.querySelectorAll('button')].find((button) => button.textContent === 'Fold all').click()")
    assert window.run(rows) < 15
    window.run("window.dispatchEvent(new Event('beforeprint'))")
    assert window.run(rows) == 15
    window.devtools("Emulation.setEmulatedMedia", media="print")
    seen = ("return ['#controls', '.pages', '#tensors .plain']"
            ".map((name) => document.querySelector(name).checkVisibility())")
    assert window.run(seen) == [False, False, True]
    window.devtools("Emulation.setEmulatedMedia", media="")
    window.run("window.dispatchEvent(new Event('afterprint'))")
    assert window.run(rows) < 15 and window.run(seen) == [True, True, False]


@in_browser
def test_tables_are_there_without_javascript(folder: Path, window: Browser) -> None:
    window.devtools("Emulation.setScriptExecutionDisabled", value=True)
    try:
        window.resize(1280)
        window.open(folder / "fashion.html")
        # chromedriver runs its own scripts in the page, so what is visible comes from the accessibility tree.
        window.devtools("Accessibility.enable")
        nodes = window.devtools("Accessibility.getFullAXTree")["nodes"]
    finally:
        window.devtools("Emulation.setScriptExecutionDisabled", value=False)
    texts = [node["name"]["value"] for node in nodes if node.get("name", {}).get("value")]
    for text in ("Parameters of each sub-network under each policy", "31,073", "Tensors", "What is left out",
                 "JavaScript is off. The tables below are complete unless they say what they leave out; the controls, "
                 "the layers and the drawings need JavaScript."):
        assert text in texts, text
    assert not any(node.get("role", {}).get("value") == "slider" for node in nodes)


@in_browser
def test_time_until_the_page_can_be_used_is_printed(
    tmp_path: Path, window: Browser, capsys: pytest.CaptureFixture[str]
) -> None:
    """10,000 tensors. The time depends on the machine, so it is printed, and no limit is asserted."""
    generator = np.random.default_rng(1)
    weights = {f"model.layers.{place // 8}.part{place % 8}.weight":
               generator.normal(0, 0.02, (16, 16)).astype(np.float32) for place in range(10_000)}
    np.savez(tmp_path / "large.npz", **weights)
    run("report", tmp_path / "large.npz", "-o", tmp_path / "large.html")
    show(window, tmp_path / "large.html")
    marks = window.run("return performance.getEntriesByType('mark').map((mark) => [mark.name, mark.startTime])")
    size = (tmp_path / "large.html").stat().st_size
    with capsys.disabled():
        print(f"\n10,000 tensors, {size:,} bytes: " + ", ".join(f"{name} after {time:.0f} ms" for name, time in marks))
    assert "50" == str(window.run("return document.querySelectorAll('.paged tbody tr').length"))
    keep(window, "large-1280-light")


class Parts(HTMLParser):
    """The scripts and the tables of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.data: dict[str, Any] = {}
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self._open: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        found = dict(attrs)
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href", "action", "data", "srcset")]
        self._open = (found.get("id") or "").removeprefix("data-") if found.get("type") == "application/json" else None

    def handle_data(self, data: str) -> None:
        if self._open:
            self.data[self._open] = json.loads(data)

    def handle_endtag(self, tag: str) -> None:
        self._open = None


def parts(path: Path) -> Parts:
    found = Parts()
    found.feed(path.read_text())
    return found


def test_data_are_what_the_commands_print(folder: Path) -> None:
    page = parts(folder / "fashion.html")
    flags = [flag for policy in page.data["count"]["policies"] for flag in ("--policy", policy["id"])]
    assert page.data["count"] == json.loads(run("count", folder / "fashion.h5", "--json", *flags))
    assert page.data["inspect"] == json.loads(run("inspect", folder / "fashion.h5", "--json", "--digests", "--stats"))
    assert page.data["validate"] == json.loads(run("validate", folder / "fashion.h5", "--json", "--deep"))
    assert page.data["report"] == json.loads(run("report", folder / "fashion.h5", "--json"))


@pytest.mark.parametrize("name", PAGES)
def test_page_loads_nothing(name: str, folder: Path) -> None:
    page = parts(folder / f"{name}.html")
    assert not {"link", "img", "iframe", "object", "embed", "base", "form", "audio", "video"} & set(page.tags)
    assert all(address.startswith("#") for address in page.addresses)
    text = (folder / f"{name}.html").read_text()
    assert "default-src 'none'" in text and "unsafe" not in text.split("<style>")[0]


# Returns the texts whose contrast with the background behind them is below 4.5 : 1 (3 : 1 for large text).
CONTRAST = """
const channel = (value) => (value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
const rgba = (text) => {
  canvas.clearRect(0, 0, 1, 1);
  canvas.fillStyle = text;
  canvas.fillRect(0, 0, 1, 1);
  const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
  return [r, g, b, a / 255];
};
const light = ([r, g, b]) => 0.2126 * channel(r / 255) + 0.7152 * channel(g / 255) + 0.0722 * channel(b / 255);
const behind = (element) => {
  for (let each = element; each; each = each.parentElement) {
    const color = rgba(getComputedStyle(each).backgroundColor);
    if (color[3] > 0.99) return color;
  }
  return [255, 255, 255, 1];
};
const found = [];
for (const element of document.querySelectorAll("body *")) {
  const text = [...element.childNodes].filter((node) => node.nodeType === 3).map((node) => node.data.trim()).join("");
  if (text === "" || element.closest("script, style, svg, .hidden, option, :disabled")) continue;
  if (!element.checkVisibility()) continue;
  const style = getComputedStyle(element);
  const [a, b] = [light(rgba(style.color)), light(behind(element))].sort((x, y) => y - x);
  const ratio = (a + 0.05) / (b + 0.05);
  const size = parseFloat(style.fontSize);
  if (ratio < (size >= 24 || (size >= 18.66 && style.fontWeight >= 700) ? 3 : 4.5)) {
    found.push(text.slice(0, 40) + " " + ratio.toFixed(2) + " " + element.className);
  }
}
return [...new Set(found)].slice(0, 20);
"""
