"""Which tensor is quantised how; JSON in and out."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar

from analysis import serial
from analysis.errors import RecipeError, RecipeMismatchError
from analysis.quant.spec import QuantSpec

RECIPE_VERSION = 1


@dataclass(frozen=True, slots=True)
class LayerConfig:
    """How one layer is quantised; None leaves that tensor in float."""

    # a misspelt field of a recipe made elsewhere would leave its tensor in float without a word
    __pydantic_config__: ClassVar[Mapping[str, str]] = {"extra": "forbid"}

    weight: QuantSpec | None = None
    activation: QuantSpec | None = None


@dataclass(frozen=True, slots=True)
class Recipe:
    """Layer name to layer config, for one model.

    Attributes:
        layers: a layer that is missing here stays in float.
        workload: name of the workload, for people.
        fingerprint: of the model's weights, so that a recipe cannot meet the wrong model.
    """

    layers: Mapping[str, LayerConfig]
    workload: str
    fingerprint: str
    name: str = "recipe"
    version: int = field(default=RECIPE_VERSION)

    def __post_init__(self) -> None:
        if self.version != RECIPE_VERSION:
            raise RecipeError(
                f"This program reads recipes of version {RECIPE_VERSION}, not {self.version}; "
                "make the recipe again with this version."
            )

    def with_weight(self, layer: str, spec: QuantSpec | None) -> "Recipe":
        """The same recipe with another weight spec for one layer."""
        config = replace(self.layers.get(layer, LayerConfig()), weight=spec)
        return replace(self, layers={**self.layers, layer: config})

    def check(self, fingerprint: str, names: frozenset[str]) -> None:
        """Refuse a recipe of another model.

        Raises:
            RecipeMismatchError: a layer is unknown or the weights differ.
        """
        unknown = sorted(set(self.layers) - names)
        if unknown:
            raise RecipeMismatchError(
                f"The recipe names layers this model does not have ({', '.join(unknown[:3])}"
                f"{', …' if len(unknown) > 3 else ''}); it was made for {self.workload!r}: "
                "take them out of the file, or use it with that model."
            )
        if self.fingerprint != fingerprint:
            raise RecipeMismatchError(
                f"The recipe was made for other weights of {self.workload!r} "
                f"(fingerprint {self.fingerprint[:12]}, this model {fingerprint[:12]}); "
                "sweep this model and make a new recipe."
            )


def save_recipe(recipe: Recipe, path: Path) -> None:
    """Write the recipe as JSON."""
    path.write_text(serial.dumps(recipe), encoding="utf-8")


def parse_recipe(text: str) -> Recipe:
    """Read a recipe from JSON; the document of ``allocate --json`` serves too.

    Raises:
        RecipeError: the text is no recipe.
    """
    document = serial.parse_object(text, RecipeError, "recipe")
    body = document.get("recipe", document)
    return serial.from_plain(Recipe, body, RecipeError, "recipe")


def load_recipe(path: Path) -> Recipe:
    """Read a recipe file.

    Raises:
        RecipeError: the file cannot be read or is no recipe.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError(f"The recipe {str(path)!r} cannot be read: {error}.") from None
    return parse_recipe(text)
