"""What the samples of a data set are and how they are cut, as values; torch-free.

Where the data lie (a folder, an archive, a table) is told from the path; what a sample is, is one
of the forms here.
"""

from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Literal

from pydantic import ConfigDict, Field

from analysis.errors import OptionError

MAX_SIDE = 4096
MAX_TOKENS = 1 << 15

STRICT = ConfigDict(extra="forbid")
"""A misspelt option from a file or a command line is told, not passed over."""


@dataclass(frozen=True, slots=True)
class Pictures:
    """Images, one class for each folder, or an image column with a label column.

    Attributes:
        size: height and width that the model takes, in pixels.
        fit: "crop" makes the shorter side `shorter_side` long and cuts the middle out; "stretch"
            brings both sides to size.
        shorter_side: in pixels, before the crop; None takes the longer side of `size`.
        channels: 3 for colour, 1 for grey.
        mean, std: of each channel, for values in [0, 1]; empty leaves the values in [0, 1].
        column, label: of a table; None of `label` leaves the classes out.
    """

    size: tuple[int, int] = (224, 224)
    fit: Literal["crop", "stretch"] = "crop"
    shorter_side: int | None = None
    channels: Literal[1, 3] = 3
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    column: str = "image"
    label: str | None = "label"
    kind: Literal["pictures"] = "pictures"
    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    def __post_init__(self) -> None:
        if not all(1 <= side <= MAX_SIDE for side in self.size):
            raise OptionError(f"Images must be 1 to {MAX_SIDE} pixels a side, not {self.size}.")
        if self.shorter_side is not None and not max(self.size) <= self.shorter_side <= MAX_SIDE:
            raise OptionError(
                f"The shorter side must be {max(self.size)} to {MAX_SIDE} pixels so that "
                f"{self.size[0]} × {self.size[1]} can be cut out; it is {self.shorter_side}."
            )
        for name, values in (("mean", self.mean), ("std", self.std)):
            if len(values) not in (0, self.channels):
                raise OptionError(
                    f"The {name} must be given for {self.channels} channels, not {len(values)}."
                )
        if not all(value > 0 for value in self.std):
            raise OptionError("Every std must be above 0.")


@dataclass(frozen=True, slots=True)
class Columns:
    """Rows of a table.

    Numbers become one float32 tensor (samples, columns), each category an int64 tensor (samples,)
    of its own: the model gets the categories in the order given, then the numbers.

    Attributes:
        numbers: names of the columns that are numbers; () with no categories takes every column
            but the label.
        categories: names of the columns that are categories: integers are taken as they are,
            texts are numbered in sorted order.
        label: name of the target's column; None has no labels.
        target: "class" numbers the labels in sorted order, "number" leaves them numbers; None
            takes floating-point labels as numbers and all others as classes.
    """

    numbers: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    label: str | None = None
    target: Literal["class", "number"] | None = None
    kind: Literal["columns"] = "columns"
    __pydantic_config__: ClassVar[ConfigDict] = STRICT


@dataclass(frozen=True, slots=True)
class Text:
    """Text as tokens.

    Without a label column all texts are joined and cut into sequences, and the target of a token
    is the one after it. With one, or with `each`, a text is a sample of its own, cut or padded to
    length; the model gets ``input_ids`` and ``attention_mask`` by keyword.

    Attributes:
        column: of a table or of JSON lines.
        label: name of the class column; None for a language model.
        tokenizer: a Hugging Face folder, a ``tokenizer.json`` or a GGUF file; None takes bytes.
        tokens: tokens a sequence.
        each: whether every text is a sample though there is no label; of a text file every line.
        pad: the token that fills short texts.
    """

    column: str = "text"
    label: str | None = None
    tokenizer: str | None = None
    tokens: int = 128
    each: bool = False
    pad: int = 0
    kind: Literal["text"] = "text"
    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    def __post_init__(self) -> None:
        if not 2 <= self.tokens <= MAX_TOKENS:
            raise OptionError(
                f"A sequence must have 2 to {MAX_TOKENS:,} tokens, not {self.tokens:,}."
            )
        if self.pad < 0:
            raise OptionError(f"The token that fills must be 0 or above, not {self.pad}.")


@dataclass(frozen=True, slots=True)
class Arrays:
    """Arrays of an `.npz` archive: ``x`` and, where there are labels, ``y``.

    Several inputs stand under the names of the model's arguments instead of ``x``. Images of bytes
    are divided by 255. Parts that were cut before are named ``x_calibration``, ``y_sweep``, ….

    Attributes:
        mean, std: of each channel (the second axis), taken after that; empty leaves the values.
    """

    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    kind: Literal["arrays"] = "arrays"
    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    def __post_init__(self) -> None:
        if not all(value > 0 for value in self.std):
            raise OptionError("Every std must be above 0.")


DataForm = Annotated[Pictures | Columns | Text | Arrays, Field(discriminator="kind")]


@dataclass(frozen=True, slots=True)
class Split:
    """Sizes of the three parts, drawn without replacement by a seed.

    Attributes:
        calibration, sweep, evaluation: samples; None takes a quarter of all for calibration (at
            most 512) and for the sweep (at most 1,024), and all others for the evaluation.
        seed: of the draw.
        subset: which split of a Hugging Face data set is used; None takes the test split, else
            the validation, else the training one.
    """

    calibration: int | None = None
    sweep: int | None = None
    evaluation: int | None = None
    seed: int = 0
    subset: str | None = None
    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    def __post_init__(self) -> None:
        for name in ("calibration", "sweep", "evaluation"):
            count = getattr(self, name)
            if count is not None and count < 1:
                raise OptionError(f"The {name} part must hold at least 1 sample, not {count}.")


@dataclass(frozen=True, slots=True)
class DataOptions:
    """How a user's data are read.

    Attributes:
        form: what a sample is; None is told from the path: pictures for folders and zip archives,
            arrays for `.npz`, columns for `.csv` and `.parquet`, text for `.txt` and `.jsonl`.
        split: how it is cut into three.
        batch_size: samples a batch.
    """

    form: DataForm | None = None
    split: Split = field(default_factory=Split)
    batch_size: int = 64
    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    def __post_init__(self) -> None:
        if not 1 <= self.batch_size <= 4096:
            raise OptionError(f"A batch must hold 1 to 4,096 samples, not {self.batch_size}.")
