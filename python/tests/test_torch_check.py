"""`plan_for` and `shrink` on small modules: what the comparison finds, tensors of other tasks, and messages.

These tests need torch, onnx and onnxscript, which CI lacks. samples/python/torch_modules.py runs larger
modules by hand.
"""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import pytest
from conftest import command

torch = pytest.importorskip("torch")
pytest.importorskip("onnxscript")
nn = torch.nn

import tessera_h5  # noqa: E402
from tessera_h5 import StateDictError, TesseraError  # noqa: E402


@pytest.fixture(autouse=True)
def found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TESSERA", command())
    torch.manual_seed(0)


class Scaled(nn.Module):
    """`l1` makes channels that the forward divides by their number, so a smaller `l1` computes something else."""

    def __init__(self) -> None:
        super().__init__()
        self.l0, self.l1, self.l2, self.head = (nn.Linear(a, b) for a, b in ((8, 24), (24, 32), (32, 24), (24, 5)))

    def forward(self, x: Any) -> Any:
        x = torch.relu(self.l0(x))
        y = torch.relu(self.l1(x))
        return self.out(self.head(x + self.l2(y * (64 / y.shape[-1]))))

    def out(self, x: Any) -> Any:
        return x


class Labels(Scaled):
    def out(self, x: Any) -> Any:
        return x.argmax(-1)


class Zeros(Scaled):
    """A new network, whose head is zero."""

    def __init__(self) -> None:
        super().__init__()
        for tensor in self.head.parameters():
            nn.init.zeros_(tensor)


class ZeroBranch(Scaled):
    """The last layer of the branch is zero, as in a new residual network, so outputs depend on `l0` alone."""

    def __init__(self) -> None:
        super().__init__()
        for tensor in self.l2.parameters():
            nn.init.zeros_(tensor)


INPUTS = torch.randn(64, 8, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("kind", [Scaled, Labels, Zeros, ZeroBranch])
def test_a_wrong_axis_is_found(kind: Any) -> None:
    module = kind()
    before = {name: each.clone() for name, each in module.state_dict().items()}
    plan = tessera_h5.plan_for(module, INPUTS, cut_first=True)
    assert list(plan["axes"]) == ["l0"]
    assert any("axis 'l1' stays whole, because" in note and "differs from the masked original" in note
               for note in plan.notes)
    assert not any("axes 'l0'" in note or "axis 'l1':" in note for note in plan.notes)
    assert all(torch.equal(each, before[name]) for name, each in module.state_dict().items())


def test_labels_alone_are_compared_with_the_layer_before_them() -> None:
    """For these inputs, the labels are equal, although the values are not."""
    module = Labels()
    nn.init.constant_(module.head.bias, 0)
    module.head.bias.data[2] = 1e3
    plan = tessera_h5.plan_for(module, INPUTS[:2], cut_first=True)
    assert list(plan["axes"]) == ["l0"]


class Ignored(Scaled):
    def out(self, x: Any) -> Any:
        return x * 0


class Unreached(Scaled):
    """An expert that no example reaches."""

    def out(self, x: Any) -> Any:
        return x

    def forward(self, x: Any) -> Any:
        x = torch.relu(self.l0(x))
        return self.head(x) + self.head(self.l2(torch.relu(self.l1(x)))) * (x.sum() < 0)


def test_what_shows_nothing_is_not_checked() -> None:
    module = Ignored()
    with pytest.warns(UserWarning, match="not checked: with these example inputs, the outputs of the module .Ignored."):
        plan = tessera_h5.plan_for(module, INPUTS)
    assert any(note.startswith("not checked") for note in plan.notes)
    with pytest.warns(UserWarning, match="not checked"):
        tessera_h5.shrink(module, plan, "all", 1)


def test_an_axis_that_no_output_depends_on_is_not_checked() -> None:
    with pytest.warns(UserWarning, match="not checked: with these example inputs, no output depends on axis 'l1'"):
        plan = tessera_h5.plan_for(Unreached(), INPUTS, cut_first=True)
    assert list(plan["axes"]) == ["l0", "l1"]


class Gated(nn.Module):
    """Its gate is open halfway with its own values, and saturated with random ones."""

    def __init__(self) -> None:
        super().__init__()
        self.l0, self.l1, self.gate, self.head = (nn.Linear(a, b) for a, b in ((8, 24), (24, 16), (16, 24), (24, 5)))
        self.gate.weight.data *= 1e-5
        self.gate.bias.data *= 1e-5

    def forward(self, x: Any) -> Any:
        x = torch.relu(self.l0(x))
        return self.head(x * torch.sigmoid(1e5 * self.gate(torch.relu(self.l1(x)))))


def test_an_axis_that_only_random_values_hide_is_checked() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        plan = tessera_h5.plan_for(Gated(), INPUTS, cut_first=True)
    assert "l1" in plan["axes"] and not any(note.startswith("not checked") for note in plan.notes)


class Masked(Scaled):
    def out(self, x: Any) -> Any:
        return x.masked_fill(torch.arange(5) == 3, -torch.inf)


def test_infinite_outputs_are_compared() -> None:
    plan = tessera_h5.plan_for(Masked(), INPUTS, cut_first=True)
    assert list(plan["axes"]) == ["l0"]


class Two(nn.Module):
    """One trunk with a head for each of two tasks; `joined` computes with both outputs."""

    def __init__(self, joined: bool) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(20, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU())
        self.a = nn.Linear(32, 3)
        self.b = nn.Sequential(nn.Linear(32, 12), nn.BatchNorm1d(12), nn.ReLU(), nn.Linear(12, 5))
        self.joined = joined

    def forward(self, x: Any) -> Any:
        y = self.body(x)
        return (self.a(y).tanh(), self.b(y).tanh()) if self.joined else (self.a(y), self.b(y))


@pytest.mark.parametrize("joined", [False, True])
def test_a_smaller_module_lacks_the_tensors_of_other_tasks(joined: bool, tmp_path: Path) -> None:
    module, inputs, path = Two(joined), torch.randn(4, 20), tmp_path / "two.h5"
    plan = tessera_h5.plan_for(module, inputs, tasks=["a", "b"])
    tessera_h5.save(path, module, plan)
    for number, task in enumerate("ab"):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            small = tessera_h5.shrink(module, plan, task, 2)
        assert any("tensors of other tasks" in str(each.message) for each in caught) == joined
        with tessera_h5.open(path) as m:
            state = m.state_dict(task, 2, framework="torch")
            assert list(state) == list(small.state_dict())
            buffers = sum(each.numel() for name, each in small.state_dict(keep_vars=True).items()
                          if not isinstance(each, nn.Parameter))
            assert m.count().row(task, 2).parameters == sum(each.numel() for each in small.parameters()) + buffers
            # The module gives only the structure.
            other = tessera_h5.shrink(Two(joined), json.loads(json.dumps(plan)), task, 2, m.state_dict(task, 2))
        assert all(torch.equal(each, state[name]) for name, each in other.state_dict().items())
        tessera_h5.load_into(small, path, task, 2)
        outputs = small(inputs)
        assert outputs[number] is not None and (outputs[1 - number] is not None) == joined


PLAN: dict[str, Any] = {
    "format": "tessera.plan/1", "units": 4, "axes": {"a": {"size": 24}}, "tasks": [{"name": "all"}],
    "tensors": [{"name": "0.weight", "axes": ["a", None]}, {"name": "0.bias", "axes": ["a"]},
                {"name": "1.weight", "axes": [None, "a"]}]}


def linear() -> Any:
    return nn.Sequential(nn.Linear(6, 24), nn.Linear(24, 5))


def test_missing_and_unexpected_tensors_are_refused() -> None:
    module = linear()
    state = tessera_h5.shrink(module, PLAN, "all", 1).state_dict()
    for name in state:
        with pytest.raises(StateDictError) as caught:
            tessera_h5.shrink(module, PLAN, "all", 1, {key: each for key, each in state.items() if key != name})
        assert caught.value.missing == [name] and f"missing: '{name}'" in str(caught.value)
    with pytest.raises(StateDictError, match="unexpected: 'module.0.bias'"):
        tessera_h5.shrink(module, PLAN, "all", 1, {**state, "module.0.bias": state["0.bias"]})
    with pytest.raises(StateDictError, match=r"'1.bias' has the shape \[3\] instead of \[5\]"):
        tessera_h5.shrink(module, PLAN, "all", 1, {**state, "1.bias": torch.zeros(3)})


def test_a_plan_may_be_a_path_and_a_state_may_have_arrays(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(PLAN))
    module = linear()
    state = {name: each.numpy() for name, each in tessera_h5.shrink(module, path, "all", 2).state_dict().items()}
    small = tessera_h5.shrink(linear(), str(path), "all", 2, state)
    assert all(torch.equal(each, torch.from_numpy(state[name])) for name, each in small.state_dict().items())
    for wrong, words in ((tmp_path / "no.json", "no.json: cannot open the plan: no such file"),
                         (Path(__file__), "expected a plan in JSON"), (3, "or the path of one, found int")):
        with pytest.raises(TesseraError, match=words):
            tessera_h5.shrink(module, wrong, "all", 1)
    with pytest.raises(TesseraError, match="'1.bias': expected a torch tensor, or a NumPy array .* found str"):
        tessera_h5.shrink(module, PLAN, "all", 1, {**state, "1.bias": "x"})


@pytest.mark.parametrize(("inputs", "words"), [
    (torch.randn(3, 7), r"example_inputs: '0' \(Linear\) fails with them: RuntimeError: .*3x7"),
    (INPUTS.numpy(), "example_inputs: expected a tensor, a tuple .* found ndarray"),
])
def test_wrong_example_inputs_have_a_sentence(inputs: Any, words: str) -> None:
    with pytest.raises(TesseraError, match=words):
        tessera_h5.plan_for(linear(), inputs)
    with pytest.raises(TesseraError, match=words):
        tessera_h5.shrink(linear(), PLAN, "all", 1, example_inputs=inputs)


@pytest.mark.parametrize(("arguments", "sentence"), [
    ({"units": 0}, "units: expected 1 to 1024, found 0"),
    ({"rule": "foo"}, "rule: expected nearest or adjacent, found 'foo'"),
    ({"tasks": "search"}, "tasks: expected a list of texts such as ['search'], found 'search'"),
])
def test_wrong_arguments_have_one_sentence(arguments: dict[str, Any], sentence: str) -> None:
    with pytest.raises(TesseraError) as caught:
        tessera_h5.plan_for(linear(), torch.randn(3, 6), **arguments)
    assert str(caught.value) == sentence


def test_levels_may_be_a_list() -> None:
    plan = tessera_h5.plan_for(linear(), torch.randn(3, 6), levels=[1, [0, 3]], cut_first=True)
    assert plan["tasks"][0]["levels"] == [1, [0, 3]]


def test_a_cache_of_transformers_is_off_and_a_configuration_follows(tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers")
    words = torch.randint(0, 60, (2, 6))
    llama = transformers.LlamaForCausalLM(transformers.LlamaConfig(
        vocab_size=60, hidden_size=32, num_hidden_layers=2, num_attention_heads=8, num_key_value_heads=4,
        intermediate_size=72)).eval()
    plan = tessera_h5.plan_for(llama, words)
    small = tessera_h5.shrink(llama, plan, "all", 2)
    assert llama.config.use_cache and small.config.use_cache and llama.config.num_attention_heads == 8
    small.save_pretrained(tmp_path / "small")
    again = transformers.LlamaForCausalLM.from_pretrained(tmp_path / "small")
    assert (again.config.num_attention_heads, again.config.intermediate_size) == (4, 36)
    with torch.no_grad():
        assert torch.equal(again(words).logits, small(words).logits)
    gpt = transformers.GPT2LMHeadModel(transformers.GPT2Config(
        vocab_size=60, n_embd=32, n_layer=1, n_head=4, n_positions=32, bos_token_id=1, eos_token_id=2))
    plan = tessera_h5.plan_for(gpt, words)
    assert any("configuration of GPT2LMHeadModel cannot describe the smaller module" in each for each in plan.notes)
    with pytest.raises(TesseraError, match="give use_cache=False in example_inputs"):
        tessera_h5.plan_for(gpt, {"input_ids": words, "use_cache": True})
