import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from analysis.errors import OptionError, UnsupportedFileError
from analysis.workloads.data.form import Pictures
from analysis.workloads.data.picture import decode_picture
from tests.picture_sets import png


def png_of_size(width: int, height: int) -> bytes:
    """A PNG that claims a size and holds no pixels."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b""))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (png_of_size(9000, 9000), "9,000 × 9,000 pixels"),
        (png_of_size(60_000, 60_000), "DecompressionBomb"),
        (png(0)[:80], "cannot be decoded"),
        (b"GIF89a" + bytes(40), "cannot be opened"),
        (b"<svg onload='x'/>", "cannot be opened"),
        (b"", "cannot be opened"),
    ],
    ids=["large", "huge", "cut short", "gif", "svg", "empty"],
)
def test_bombs_and_other_files_are_refused_before_they_are_decoded(content, words):
    with pytest.raises(UnsupportedFileError, match=words):
        decode_picture(content, Pictures())


def test_grey_and_palette_images_come_in_the_channels_asked():
    image = Image.fromarray(np.full((6, 6), 77, np.uint8))
    kept = io.BytesIO()
    image.convert("P").save(kept, format="PNG")
    assert decode_picture(kept.getvalue(), Pictures((4, 4))).shape == (3, 4, 4)
    grey = decode_picture(kept.getvalue(), Pictures((4, 4), channels=1))
    assert grey.shape == (1, 4, 4) and (grey == 77).all()


def test_stretching_keeps_the_whole_image_and_cropping_its_middle():
    pixels = np.zeros((4, 12, 3), np.uint8)
    pixels[:, 8:] = 240
    kept = io.BytesIO()
    Image.fromarray(pixels).save(kept, format="PNG")
    assert decode_picture(kept.getvalue(), Pictures((4, 4), fit="stretch")).max() == 240
    assert decode_picture(kept.getvalue(), Pictures((4, 4))).max() == 0


def test_a_margin_is_cut_off():
    pixels = np.full((10, 10, 3), 200, np.uint8)
    pixels[2:8, 2:8] = 50
    kept = io.BytesIO()
    Image.fromarray(pixels).save(kept, format="PNG")
    found = decode_picture(kept.getvalue(), Pictures((4, 4), shorter_side=10))
    assert (found == 50).all()


def test_sizes_that_make_no_sense_cannot_be_asked_for():
    with pytest.raises(OptionError, match="1 to 4096"):
        Pictures((0, 4))
    with pytest.raises(OptionError, match="224 to 4096"):
        Pictures(shorter_side=100)
    with pytest.raises(OptionError, match="given for 3 channels"):
        Pictures(mean=(0.5,))
    with pytest.raises(OptionError, match="above 0"):
        Pictures(std=(1.0, 0.0, 1.0))
