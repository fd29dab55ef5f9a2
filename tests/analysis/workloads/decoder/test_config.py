import json

import pytest

from analysis.errors import UnsupportedFileError
from analysis.workloads.decoder.config import config_document, parse_config, read_config
from tests.decoders import TINY


def test_what_is_written_is_read():
    assert parse_config(json.dumps(config_document(TINY))) == TINY


def test_keys_may_be_as_many_as_queries_and_the_base_may_stand_in_rope_parameters():
    body = config_document(TINY)
    del body["num_key_value_heads"], body["rope_theta"]
    body["rope_parameters"] = {"rope_theta": 5e5, "rope_type": "default"}
    found = parse_config(json.dumps(body))
    assert found.key_heads == TINY.heads and found.rope_theta == 5e5


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"model_type": "gpt2"}, "model_type 'gpt2'"),
        ({"rope_scaling": {"type": "yarn"}}, "rope_scaling"),
        ({"use_sliding_window": True}, "sliding windows"),
    ],
    ids=["family", "rope", "windows"],
)
def test_other_models_are_refused_by_what_is_different(change, words):
    with pytest.raises(UnsupportedFileError, match=words):
        parse_config(json.dumps(config_document(TINY) | change))


def test_a_missing_size_is_named():
    body = config_document(TINY)
    del body["hidden_size"]
    with pytest.raises(UnsupportedFileError, match="width"):
        parse_config(json.dumps(body))


def test_a_folder_without_config_is_refused(tmp_path):
    with pytest.raises(UnsupportedFileError, match=r"must hold config\.json"):
        read_config(tmp_path)
