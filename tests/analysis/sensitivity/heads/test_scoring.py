import pytest

import analysis as qs
from analysis.errors import ModelError, OptionError
from analysis.quant.spec import WEIGHT_SPEC
from analysis.sensitivity.heads.compute import head_scores
from analysis.workloads.subject import subject
from tests.nets import make_workload


def test_a_workload_is_scored_as_its_subject_is() -> None:
    workload = make_workload("encoder")
    expected = head_scores(subject(workload), WEIGHT_SPEC.with_bits(3), seed=1)
    assert qs.score_heads(workload, bits=3, seed=1) == expected


def test_four_bits_unless_asked() -> None:
    assert qs.score_heads(make_workload("encoder"), seconds=0.0).label.startswith("int4 ")


def test_a_width_that_no_format_has_is_refused() -> None:
    with pytest.raises(OptionError, match="between 2 and 16, not 1"):
        qs.score_heads(make_workload("encoder"), bits=1)


def test_a_net_without_attention_is_one_sentence() -> None:
    with pytest.raises(ModelError, match="no layer of this model has such names"):
        qs.score_heads(make_workload("branched"))
