"""Folders of transformers, tiny and made here."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from analysis.errors import ModelError, UnsupportedFileError, WorkloadError
from analysis.workloads.data.form import Pictures, Text
from analysis.workloads.models.hugging_face import read_folder
from analysis.workloads.models.hugging_face_outputs import features
from analysis.workloads.models.weights import read_weights

transformers: Any = pytest.importorskip("transformers")

SIZES: dict[str, int] = {
    "hidden_size": 16,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 24,
}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A language model with a tied head, an image classifier, and an encoder without a head."""
    place = tmp_path_factory.mktemp("hf")
    torch.manual_seed(0)
    transformers.utils.logging.disable_progress_bar()
    llama = transformers.LlamaConfig(
        vocab_size=32,
        max_position_embeddings=64,
        num_key_value_heads=1,
        tie_word_embeddings=True,
        **SIZES,
    )
    transformers.LlamaForCausalLM(llama).save_pretrained(place / "llama")
    vit = transformers.ViTConfig(image_size=8, patch_size=4, num_labels=3, **SIZES)
    transformers.ViTForImageClassification(vit).save_pretrained(place / "vit")
    bert = transformers.BertConfig(vocab_size=32, max_position_embeddings=32, **SIZES)
    transformers.BertModel(bert).save_pretrained(place / "bert")
    return place


def copied(source: Path, target: Path, **changes: Any) -> Path:
    """A copy of the folder, some fields of its config exchanged."""
    target.mkdir()
    for file in source.iterdir():
        (target / file.name).write_bytes(file.read_bytes())
    config = json.loads((target / "config.json").read_text())
    (target / "config.json").write_text(json.dumps({**config, **changes}))
    return target


def test_a_language_model_gives_logits_in_float32_and_keeps_no_cache(folders):
    read = read_folder(folders / "llama")
    result = read.model(torch.zeros(2, 5, dtype=torch.long))
    assert result.logits.shape == (2, 5, 32)
    assert result.logits.dtype == torch.float32
    assert result.past_key_values is None
    assert read.output is None


def test_an_encoder_without_a_head_gives_its_last_hidden_state(folders):
    read = read_folder(folders / "bert")
    assert read.output is features
    assert read.output(read.model(torch.zeros(2, 5, dtype=torch.long))).shape == (2, 5, 16)


def test_pictures_are_prepared_as_the_folder_says(folders, tmp_path):
    folder = copied(folders / "vit", tmp_path / "vit")
    assert read_folder(folder).takes == Pictures(size=(8, 8))
    said = {"size": {"height": 8, "width": 8}, "image_mean": [0.5] * 3, "image_std": [0.25] * 3}
    (folder / "preprocessor_config.json").write_text(json.dumps(said))
    takes = read_folder(folder).takes
    assert takes == Pictures((8, 8), fit="stretch", mean=(0.5,) * 3, std=(0.25,) * 3)


def test_texts_are_cut_to_the_places_of_the_model(folders, tmp_path):
    folder = copied(folders / "llama", tmp_path / "llama")
    (folder / "tokenizer.json").write_text("{}")
    assert read_folder(folder).takes == Text(tokenizer=str(folder), tokens=64)


@pytest.mark.parametrize("name", ["llama", "vit"])
def test_weights_of_another_file_fit_the_network_of_a_folder(folders, name):
    whole = read_folder(folders / name).model
    beside = read_weights(folders / name / "model.safetensors", f"hf:{folders / name}").model
    for key, value in whole.state_dict().items():
        assert torch.equal(beside.state_dict()[key], value)


def test_a_classifier_of_texts_takes_each_alone_and_names_its_classes(tmp_path):
    config = transformers.BertConfig(
        vocab_size=32,
        max_position_embeddings=32,
        pad_token_id=5,
        id2label={0: "no", 1: "yes"},
        **SIZES,
    )
    transformers.BertForSequenceClassification(config).save_pretrained(tmp_path)
    (tmp_path / "tokenizer.json").write_text("{}")
    read = read_folder(tmp_path)
    assert read.takes == Text(label="label", tokenizer=str(tmp_path), tokens=32, each=True, pad=5)
    assert read.classes == ("no", "yes")
    assert read.scores


def test_weights_that_every_call_computes_anew_are_computed_once(tmp_path):
    config = transformers.Wav2Vec2Config(
        vocab_size=8,
        conv_dim=[4, 4],
        conv_stride=[5, 2],
        conv_kernel=[10, 3],
        num_feat_extract_layers=2,
        num_conv_pos_embeddings=4,
        num_conv_pos_embedding_groups=2,
        **SIZES,
    )
    model = transformers.Wav2Vec2ForCTC(config).eval()
    model.save_pretrained(tmp_path)
    read = read_folder(tmp_path)
    assert read.model.get_parameter("wav2vec2.encoder.pos_conv_embed.conv.weight").dim() == 3
    sound = torch.randn(2, 200)
    with torch.no_grad():
        assert torch.allclose(read.model(sound).logits, model(sound).logits, atol=1e-6)


def test_an_encoder_decoder_says_what_it_needs(tmp_path):
    config = transformers.T5Config(
        vocab_size=32, d_model=16, d_kv=8, d_ff=16, num_layers=1, num_heads=2
    )
    transformers.T5ForConditionalGeneration(config).save_pretrained(tmp_path)
    assert read_folder(tmp_path).needs == ("input_ids", "decoder_input_ids")


def test_code_of_the_folder_is_never_run(folders, tmp_path):
    folder = copied(folders / "bert", tmp_path / "bert", auto_map={"AutoModel": "evil.Evil"})
    (folder / "evil.py").write_text(f"open({str(tmp_path / 'marker')!r}, 'w')")
    with pytest.raises(UnsupportedFileError, match="asks for code of its own"):
        read_folder(folder)
    assert not (tmp_path / "marker").exists()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"architectures": ["Evil"]}, "'Evil' is none of the version installed"),
        ({"architectures": ["AutoTokenizer"]}, "is none of the version installed"),
        ({"model_type": "no-such-type"}, "must be built from its description"),
        ({"num_hidden_layers": 2}, "are missing, of another shape or unknown"),
        ({"hidden_size": 32}, "are missing, of another shape or unknown|must be built"),
    ],
)
def test_a_config_that_does_not_fit_is_one_sentence(folders, tmp_path, changes, sentence):
    with pytest.raises(ModelError, match=sentence):
        read_folder(copied(folders / "bert", tmp_path / "bert", **changes))


def test_a_folder_without_weights_or_with_a_damaged_config_is_refused(folders, tmp_path):
    folder = copied(folders / "bert", tmp_path / "bert")
    (folder / "model.safetensors").unlink()
    with pytest.raises(UnsupportedFileError, match="must hold its weights"):
        read_folder(folder)
    (folder / "config.json").write_text("[")
    with pytest.raises(UnsupportedFileError, match="must be a JSON object"):
        read_folder(folder)


def test_without_transformers_its_command_is_told(folders, monkeypatch):
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(WorkloadError, match=r"pip install 'quantscope\[hf\]'"):
        read_folder(folders / "bert")
