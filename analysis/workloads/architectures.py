"""What goes into and comes out of each built-in network; torch-free.

The networks themselves are in `nets.py`, under the same names.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from analysis.errors import UnknownWorkloadError


@dataclass(frozen=True, slots=True)
class ArchitectureForm:
    """One built-in network, seen from outside.

    Attributes:
        input_shape: channels, height and width of one image.
        classes: number of logits.
    """

    name: str
    title: str
    input_shape: tuple[int, int, int]
    classes: int


_FORMS = (
    ArchitectureForm("fashion-cnn", "Residual CNN, 28×28, 78 k parameters", (1, 28, 28), 10),
    ArchitectureForm("lenet-5", "LeNet-5, 28×28, 62 k parameters", (1, 28, 28), 10),
    ArchitectureForm("digits-cnn", "Plain CNN, 8×8, 19 k parameters", (1, 8, 8), 10),
    ArchitectureForm("digits-mlp", "Perceptron, 8×8, 7 k parameters", (1, 8, 8), 10),
)

ARCHITECTURE_FORMS: Mapping[str, ArchitectureForm] = {form.name: form for form in _FORMS}


def architecture_form(name: str) -> ArchitectureForm:
    """The form of that name.

    Raises:
        UnknownWorkloadError: there is no such architecture.
    """
    try:
        return ARCHITECTURE_FORMS[name]
    except KeyError:
        raise UnknownWorkloadError(
            f"The architecture must be one of {', '.join(ARCHITECTURE_FORMS)}, "
            f"not {name!r:.80}; choose one of these."
        ) from None
