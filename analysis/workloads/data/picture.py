"""One image file to pixels, with its size checked before anything is decoded; torch-free."""

import io
import warnings

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from analysis.errors import UnsupportedFileError
from analysis.workloads.data.form import Pictures

FORMATS = ("PNG", "JPEG", "BMP", "WEBP")
SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".webp"})
MAX_FILE_BYTES = 64 << 20
MAX_PIXELS = 40_000_000
"""More than any camera's photo; decoded it takes 120 MB."""


def decode_picture(content: bytes, form: Pictures) -> NDArray[np.uint8]:
    """The pixels as (channels, height, width), resized and cut to the form's size.

    Raises:
        UnsupportedFileError: the file is damaged, larger than it may be, or of another format.
    """
    if len(content) > MAX_FILE_BYTES:
        raise _refused(f"one has {len(content):,} bytes, where {MAX_FILE_BYTES:,} are taken")
    image = _opened(content)
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise _refused(f"one claims {width:,} × {height:,} pixels, where 40 million are taken")
    try:
        plain = image.convert("RGB" if form.channels == 3 else "L")
    except Exception as error:  # decoders answer hostile bytes with whatever breaks first
        raise _refused(f"one cannot be decoded ({type(error).__name__})") from error
    pixels = np.asarray(_fitted(plain, form), np.uint8)
    channels_first = pixels[None] if pixels.ndim == 2 else pixels.transpose(2, 0, 1)
    return np.ascontiguousarray(channels_first)


def _opened(content: bytes) -> Image.Image:
    """The header alone is read here."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return Image.open(io.BytesIO(content), formats=FORMATS)
    except Exception as error:
        raise _refused(f"one cannot be opened ({type(error).__name__})") from error


def _refused(what: str) -> UnsupportedFileError:
    return UnsupportedFileError(
        f"Images must be whole PNG, JPEG, BMP or WebP files; {what}. Save it again or leave it out."
    )


def _fitted(image: Image.Image, form: Pictures) -> Image.Image:
    """Bilinear, over the area of a target pixel where the image shrinks."""
    height, width = form.size
    bilinear = Image.Resampling.BILINEAR
    if form.fit == "stretch":
        return image.resize((width, height), bilinear)
    side = form.shorter_side or max(form.size)
    scale = side / min(image.size)
    large = max(round(image.width * scale), width), max(round(image.height * scale), height)
    resized = image if image.size == large else image.resize(large, bilinear)
    left, top = (large[0] - width) // 2, (large[1] - height) // 2
    return resized.crop((left, top, left + width, top + height))
