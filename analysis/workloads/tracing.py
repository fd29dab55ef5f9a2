"""Which tensors of a forward share a number format, because an add or a concatenation joins them.

Kernels for element-wise adds and concatenations take operands of one width and give that width
(CMSIS-NN `arm_elementwise_add_s8` and `_s16`, ONNX Runtime `QLinearAdd` and `QLinearConcat`).
"""

from collections.abc import Iterator
from typing import Any

from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils.weak import WeakTensorKeyDictionary

_ADDS = frozenset({"add", "add_", "__add__", "__radd__", "__iadd__"})
_CONCATENATIONS = frozenset({"cat", "concat", "concatenate"})
_PASSING = frozenset(
    {
        *("relu", "relu_", "relu6", "hardtanh", "hardtanh_", "clamp", "clamp_", "clip", "dropout"),
        *("max_pool1d", "max_pool2d", "max_pool3d", "adaptive_max_pool1d", "adaptive_max_pool2d"),
        *("view", "reshape", "flatten", "unflatten", "permute", "transpose", "contiguous", "clone"),
        *("squeeze", "unsqueeze", "chunk", "split", "unbind", "narrow", "select", "__getitem__"),
    }
)
"""Functions whose result lies on the grid of their first argument, or is cut off at its ends."""


class TensorClasses(TorchFunctionMode):
    """While active, joins tensors that must share a number format into classes (union-find).

    An add joins its operands and its result where both operands are activations of one shape; a
    concatenation joins all of them; what only moves or cuts off values joins result and argument.
    Tensors are told apart by identity and version, so work in place makes a new one, and are not
    kept alive.
    """

    def __init__(self) -> None:
        super().__init__()
        self._known = WeakTensorKeyDictionary()
        self._parents: list[int] = []

    def place(self, tensor: Tensor) -> int:
        """Number of a tensor as it is now."""
        version = 0 if tensor.is_inference() else tensor._version
        known: tuple[int, int] | None = self._known.get(tensor)  # type: ignore[no-untyped-call]
        if known is None or known[1] != version:
            known = (len(self._parents), version)
            self._parents.append(known[0])
            self._known[tensor] = known
        return known[0]

    def root(self, place: int) -> int:
        """The class of a numbered tensor."""
        while self._parents[place] != place:
            self._parents[place] = self._parents[self._parents[place]]
            place = self._parents[place]
        return place

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        """Run one function of torch and note what it joins."""
        given = list(_joined(getattr(func, "__name__", ""), args, kwargs or {}))
        before = [self.place(tensor) for tensor in given]  # as it was before work in place
        result = func(*args, **(kwargs or {}))
        if before:
            places = [*before, *(self.place(tensor) for tensor in _tensors(result))]
            for other in places[1:]:
                self._parents[self.root(other)] = self.root(places[0])
        return result


def _joined(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Iterator[Tensor]:
    """The arguments that share a format with each other and with the result."""
    given = (*args, *(kwargs.get(key) for key in ("input", "other", "tensors")))
    if name in _PASSING:
        yield from list(_tensors(given))[:1]
    elif name in _ADDS:
        operands = list(_tensors(given))
        if len(operands) == 2 and operands[0].shape == operands[1].shape:
            yield from operands
    elif name in _CONCATENATIONS:
        yield from _tensors(given)


def _tensors(value: Any) -> Iterator[Tensor]:
    """Activations in a value, in order: floating-point tensors that are no parameters."""
    if isinstance(value, Tensor):
        if value.is_floating_point() and not isinstance(value, nn.Parameter):
            yield value
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _tensors(part)
