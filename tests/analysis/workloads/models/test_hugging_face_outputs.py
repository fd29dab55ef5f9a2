from types import SimpleNamespace

import pytest
import torch

from analysis.workloads.models.hugging_face_outputs import (
    boxes_and_scores,
    features,
    gives_scores,
    output_of,
    predicted_depth,
)


@pytest.mark.parametrize(
    ("kind", "scores", "output"),
    [
        ("BertForSequenceClassification", True, None),
        ("GPT2LMHeadModel", True, None),
        ("LlamaForCausalLM", True, None),
        ("BertModel", False, features),
        ("DetrForObjectDetection", False, boxes_and_scores),
        ("DPTForDepthEstimation", False, predicted_depth),
        ("BertForQuestionAnswering", False, None),
    ],
)
def test_the_name_of_the_class_tells_what_is_judged(kind, scores, output):
    assert gives_scores(kind) is scores
    assert output_of(kind) is output


def test_a_detector_is_judged_by_both_of_its_heads():
    result = SimpleNamespace(logits=torch.zeros(2, 5, 3), pred_boxes=torch.ones(2, 5, 4))
    found = boxes_and_scores(result)
    assert found.shape == (2, 5, 7)
    assert found[0, 0].tolist() == [0.0] * 3 + [1.0] * 4


def test_embeddings_come_before_hidden_states():
    hidden, image, text = torch.zeros(2, 4, 3), torch.ones(2, 3), torch.full((2, 3), 2.0)
    assert features(SimpleNamespace(last_hidden_state=hidden, image_embeds=None)) is hidden
    both = SimpleNamespace(last_hidden_state=hidden, image_embeds=image, text_embeds=text)
    assert torch.equal(features(both), torch.cat([image, text], 1))
