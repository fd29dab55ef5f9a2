import pytest

from analysis.errors import OptionError
from analysis.recipe import LayerConfig
from analysis.sensitivity.points import Sensitivities
from pages.ui import draft as drafts
from pages.ui.draft import Draft, Step
from tests.sensitivities import make_sensitivities


@pytest.fixture
def result() -> Sensitivities:
    return make_sensitivities(4, bits=(2, 4, 8), target="both")


@pytest.fixture
def draft(result: Sensitivities) -> Draft:
    four = drafts.specs_of(result, "weight", "4")
    layers = {layer.name: LayerConfig(weight=four[layer.name]) for layer in result.layers}
    return drafts.opened(Step(1000, layers))


def weight_bits(step: Step) -> list[str]:
    return ["float" if c.weight is None else str(c.weight.bits) for c in step.layers.values()]


def test_the_menu_offers_float_and_the_swept_widths(result):
    assert list(drafts.menu(result, "weight")) == ["float", "2", "4", "8"]


def test_an_edit_changes_one_layer_and_locks_it(result, draft):
    after = drafts.edited(draft, result, {1: {"weight": "8"}})
    assert weight_bits(after.now) == ["4", "8", "4", "4"]
    assert after.now.locked == {result.layers[1].name}


def test_pending_edits_are_counted_once_however_often_they_are_told(result, draft):
    once = drafts.edited(draft, result, {1: {"weight": "8"}})
    again = drafts.edited(once, result, {1: {"weight": "8"}})
    assert again == once


def test_edits_leave_the_tables_input_alone(result, draft):
    after = drafts.edited(draft, result, {1: {"weight": "8"}})
    assert (after.base, after.edition) == (draft.base, draft.edition)


def test_a_lock_can_be_taken_off_an_edited_layer(result, draft):
    after = drafts.edited(draft, result, {1: {"weight": "8", "lock": False}})
    assert after.now.locked == frozenset()


def test_inputs_and_weights_are_edited_apart(result, draft):
    after = drafts.edited(draft, result, {0: {"activation": "4"}})
    config = after.now.layers[result.layers[0].name]
    assert config.weight is not None and config.weight.bits == 4
    assert config.activation is not None and config.activation.bits == 4


def test_float_takes_the_layer_out_of_the_recipe(result, draft):
    after = drafts.edited(draft, result, {3: {"weight": "float"}})
    assert after.now.layers[result.layers[3].name].weight is None


@pytest.mark.parametrize("option", ["99", "3", None, 4, "<script>"])
def test_a_width_that_was_never_offered_is_refused(result, draft, option):
    with pytest.raises(OptionError, match="choose one of: float, 2, 4, 8"):
        drafts.edited(draft, result, {0: {"weight": option}})


def test_a_row_that_does_not_exist_is_refused(result, draft):
    with pytest.raises(OptionError, match="no row 5"):
        drafts.edited(draft, result, {4: {"weight": "2"}})


def test_undo_and_redo_walk_the_same_steps(result, draft):
    edited = drafts.edited(draft, result, {0: {"weight": "2"}})
    solved = drafts.moved(edited, Step(900, draft.now.layers, edited.now.locked))
    back = drafts.undone(drafts.undone(solved))
    assert back.now == draft.now
    assert drafts.redone(drafts.redone(back)).now == solved.now


def test_undo_discards_the_tables_pending_edits(result, draft):
    edited = drafts.edited(draft, result, {0: {"weight": "2"}})
    assert drafts.undone(edited).edition == edited.edition + 1


def test_a_new_step_forgets_what_was_undone(result, draft):
    back = drafts.undone(drafts.edited(draft, result, {0: {"weight": "2"}}))
    assert drafts.edited(back, result, {1: {"weight": "2"}}).future == ()


def test_undo_at_the_beginning_changes_nothing(draft):
    assert drafts.undone(draft) is draft
    assert drafts.redone(draft) is draft


def test_locks_say_what_the_solver_must_keep(result, draft):
    after = drafts.edited(draft, result, {1: {"weight": "8"}})
    name = result.layers[1].name
    assert after.now.kept == {name: after.now.layers[name]}


def test_a_table_that_lost_its_edits_shows_them_as_its_input(result, draft):
    after = drafts.edited(draft, result, {1: {"weight": "8"}})
    again = drafts.rebased(after)
    assert (again.base, again.now, again.edition) == (after.now, after.now, after.edition + 1)
    assert drafts.rebased(again) is again


def test_edits_taken_back_in_the_table_restore_its_input(result, draft):
    after = drafts.edited(draft, result, {1: {"weight": "8"}})
    assert drafts.edited(after, result, {}).now == draft.now
