"""Checks a smaller module against the masked original, with its own values and with random ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor, nn

from ._torch_compare import compared, depends
from ._torch_export import Inputs
from ._torch_masked import Cuts, copied, hide_inactive_norms, part, spread
from ._torch_random import random_values
from ._torch_run import Failed, Run, run
from ._torch_tensors import named_tensors, shown


@dataclass(frozen=True)
class Trial:
    """What a smaller module of `module` is compared on."""

    module: nn.Module
    cuts: Cuts
    inputs: Inputs
    left_out: Mapping[int, nn.Module]
    """Modules by the `id` of those of `module` that they replace."""

    def masked(self, small: Mapping[str, Tensor]) -> Run:
        """A run of the masked original: the module with the elements of `small`, and zero where these have none.

        Raises `Failed`.
        """
        tensors = named_tensors(self.module)
        values = {name: spread(new, tensors[name], self.cuts[name]) if name in self.cuts else new
                  for name, new in small.items()}
        masked = copied(self.module, values, self.left_out)
        hide_inactive_norms(masked, self.cuts)
        return run(masked, self.inputs)

    def reason_of(self, small: nn.Module, expected: Run) -> str | None:
        """Why a smaller module is wrong; None if it computes the same as the masked original."""
        try:
            found = run(small, self.inputs)
        except Failed as error:
            return f"{error} with fewer channels: {error.reason}"
        return compared(small, expected, found, self.cuts)

    def random_reason_of(self, small: nn.Module, expected: Run) -> tuple[str | None, bool]:
        """The same with random values, in copies; and whether the outputs then depend on the cut channels.

        Values with which the module fails or overflows show nothing. The second try replaces only constant tensors,
        such as those of a head that is zero.
        """
        names = named_tensors(small)
        for only_constant in (False, True):
            values = random_values(self.module, self.cuts, only_constant=only_constant)
            own = {name: part(values[name], self.cuts.get(name, ())) for name in names if name in values}
            other = copied(self.module, values, self.left_out)
            try:
                whole = run(other, self.inputs)
                for name, dimensions in self.cuts.items():
                    # The copy has these tensors, so they change in place.
                    values[name].copy_(spread(part(values[name], dimensions), values[name], dimensions))
                hide_inactive_norms(other, self.cuts)
                masked = run(other, self.inputs)
            except Failed:
                continue
            if masked.infinite > expected.infinite:
                continue
            del other
            reason = self.reason_of(copied(small, own, {}), masked)
            return (f"with random weights, {reason}" if reason else None), depends(whole, masked)
        return None, False

    def is_seen(self, expected: Run) -> bool:
        """Whether the outputs of the masked original differ from those of the whole module with its own values."""
        try:
            return depends(run(copied(self.module, {}, self.left_out), self.inputs), expected)
        except Failed:
            return False


def unchecked(module: nn.Module) -> str:
    """The note for a comparison that shows nothing."""
    return (f"not checked: with these example inputs, the outputs of {shown('', module)} do not depend on the cut "
            "channels")
