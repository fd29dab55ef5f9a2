import json
from types import SimpleNamespace

import pytest

from analysis.workloads.data.form import Pictures, Text
from analysis.workloads.models.hugging_face_inputs import class_names, input_form, needed_inputs


@pytest.mark.parametrize(
    ("said", "pictures"),
    [
        ({"size": {"height": 8, "width": 6}}, Pictures((8, 6), fit="stretch")),
        ({"size": 8}, Pictures((8, 8), fit="stretch")),
        (
            {"size": {"shortest_edge": 10}, "crop_size": {"height": 8, "width": 8}},
            Pictures((8, 8), shorter_side=10),
        ),
        ({"size": {"shortest_edge": 8}, "crop_pct": 0.8}, Pictures((8, 8), shorter_side=10)),
        (
            {"size": {"shortest_edge": 8}, "crop_size": 4, "do_center_crop": False},
            Pictures((8, 8), shorter_side=8),
        ),
        ({"size": 8, "image_mean": [0.5], "do_normalize": False}, Pictures((8, 8), fit="stretch")),
    ],
    ids=str,
)
def test_pictures_are_resized_and_cut_as_the_preprocessor_does_it(said, pictures, tmp_path):
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(said))
    assert input_form(tmp_path, SimpleNamespace(), "ViTModel") == pictures


def test_sound_is_left_to_arrays(tmp_path):
    (tmp_path / "preprocessor_config.json").write_text('{"feature_size": 1}')
    assert input_form(tmp_path, SimpleNamespace(), "Wav2Vec2ForCTC") is None


@pytest.mark.parametrize(
    ("kind", "label", "each", "pad"),
    [
        ("LlamaForCausalLM", None, False, 0),
        ("BertForSequenceClassification", "label", True, 7),
        ("BertForMaskedLM", None, True, 7),
        ("BertModel", None, True, 7),
    ],
)
def test_texts_are_cut_anywhere_only_for_what_continues_them(kind, label, each, pad, tmp_path):
    (tmp_path / "vocab.txt").write_text("one")
    config = SimpleNamespace(max_position_embeddings=64, pad_token_id=7)
    expected = Text(label=label, tokenizer=str(tmp_path), tokens=64, each=each, pad=pad)
    assert input_form(tmp_path, config, kind) == expected


def test_classes_have_names_where_somebody_gave_them():
    assert class_names(SimpleNamespace(id2label={1: "dog", 0: "cat"})) == ("cat", "dog")
    assert class_names(SimpleNamespace(id2label={0: "LABEL_0", 1: "LABEL_1"})) == ()
    assert class_names(SimpleNamespace(id2label={0: "cat", 2: "dog"})) == ()
    assert class_names(SimpleNamespace()) == ()


def test_models_of_two_inputs_say_so():
    plain = SimpleNamespace(config=SimpleNamespace(), main_input_name="input_ids")
    assert needed_inputs(plain) == ()
    speech = SimpleNamespace(config=SimpleNamespace(is_encoder_decoder=True), main_input_name="x")
    assert needed_inputs(speech) == ("x", "decoder_input_ids")
    both = SimpleNamespace(text_config=1, vision_config=1)
    assert needed_inputs(SimpleNamespace(config=both)) == ("input_ids", "pixel_values")
