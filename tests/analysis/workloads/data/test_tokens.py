import json

import numpy as np
import pytest

from analysis.errors import UnsupportedFileError, WorkloadError
from analysis.workloads.data.tokens import joined, padded, tokenizer_of

WORDS = {"[UNK]": 0, "one": 1, "two": 2, "three": 3}


@pytest.fixture
def folder(tmp_path):
    """A Hugging Face folder with a tokenizer of four words."""
    body: dict[str, object] = {
        "version": "1.0",
        "added_tokens": [],
        "normalizer": None,
        "pre_tokenizer": {"type": "Whitespace"},
        "post_processor": None,
        "decoder": None,
        "model": {"type": "WordLevel", "vocab": WORDS, "unk_token": "[UNK]"},
        "truncation": None,
        "padding": None,
    }
    (tmp_path / "tokenizer.json").write_text(json.dumps(body))
    return tmp_path


def test_bytes_need_no_tokenizer():
    code = tokenizer_of(None)
    assert list(code.tokenize("aé")) == [97, 195, 169]
    assert code.decode([97, 195, 169]) == "aé"


def test_bytes_that_are_no_text_can_be_read_all_the_same():
    unknown = "\N{REPLACEMENT CHARACTER}"
    assert tokenizer_of(None).decode([97, 195, 300]) == f"a{unknown}{unknown}"


def test_a_hugging_face_folder_or_its_file_brings_the_tokenizer(folder):
    pytest.importorskip("tokenizers")
    for source in (folder, folder / "tokenizer.json"):
        code = tokenizer_of(str(source))
        assert list(code.tokenize("three one four")) == [3, 1, 0]
        assert code.decode([3, 1, 0]) == "three one [UNK]"


def test_texts_are_joined_or_padded(folder):
    pytest.importorskip("tokenizers")
    code = tokenizer_of(str(folder))
    assert joined(["one two", "three"], code.tokenize).tolist() == [1, 2, 3]
    assert joined([], code.tokenize).shape == (0,)
    ids, real = padded(["one", "one two three one", ""], code.whole, 3, pad=9)
    assert ids.tolist() == [[1, 9, 9], [1, 2, 3], [9, 9, 9]]
    # a text without tokens keeps one place, since attention to nothing has no value
    assert np.array_equal(real, [[1, 0, 0], [1, 1, 1], [1, 0, 0]])


def changed(folder, **parts) -> None:
    file = folder / "tokenizer.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **parts}))


def test_a_text_of_its_own_stands_between_the_tokens_that_the_model_expects(folder):
    pytest.importorskip("tokenizers")
    bert = {"type": "BertProcessing", "sep": ["[SEP]", 8], "cls": ["[CLS]", 7]}
    changed(folder, post_processor=bert)
    code = tokenizer_of(str(folder))
    assert list(code.tokenize("one two three")) == [1, 2, 3]
    assert list(code.whole("one two three", 4)) == [7, 1, 2, 8]


def test_a_tokenizer_that_says_to_cut_texts_does_not_end_a_long_one(folder):
    pytest.importorskip("tokenizers")
    cut = {"direction": "Right", "max_length": 2, "strategy": "LongestFirst", "stride": 0}
    changed(folder, truncation=cut)
    assert list(tokenizer_of(str(folder)).tokenize("one two three one")) == [1, 2, 3, 1]


def test_a_folder_of_before_tokenizer_json_is_read_by_transformers(tmp_path):
    pytest.importorskip("transformers")
    (tmp_path / "vocab.txt").write_text("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "one"]))
    (tmp_path / "tokenizer_config.json").write_text('{"tokenizer_class": "BertTokenizer"}')
    assert list(tokenizer_of(str(tmp_path)).whole("one", 8)) == [2, 4, 3]


def test_what_is_no_tokenizer_is_refused(tmp_path):
    with pytest.raises(WorkloadError, match="there is none at"):
        tokenizer_of(str(tmp_path))
    pytest.importorskip("tokenizers")
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(UnsupportedFileError, match="cannot be read"):
        tokenizer_of(str(tmp_path))
    pytest.importorskip("transformers")
    (tmp_path / "m.gguf").write_bytes(b"GGUF" + bytes(20))
    with pytest.raises(UnsupportedFileError, match="must hold a tokenizer"):
        tokenizer_of(str(tmp_path / "m.gguf"))
