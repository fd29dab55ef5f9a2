import pytest

from analysis.errors import UnknownWorkloadError
from analysis.workloads.catalogue import built_in_names
from analysis.workloads.zoo.card import FloatFigure
from analysis.workloads.zoo.cards import ZOO, card_of
from analysis.workloads.zoo.entries import ENTRIES


def test_every_card_can_be_built_and_every_build_has_a_card():
    assert set(ENTRIES) == set(ZOO)
    assert all(card.name == name for name, card in ZOO.items())


def test_no_zoo_name_hides_a_built_in():
    assert not set(ZOO) & set(built_in_names())


def test_a_card_says_what_its_figure_means_and_how_to_prepare_it():
    for card in ZOO.values():
        assert card.means and card.licence and card.area and card.packages
        assert card.command == f"quantscope zoo prepare {card.name}"
        assert card.megabytes == sum(package.megabytes for package in card.packages) > 0


def test_python_packages_are_pinned():
    pinned = [p.version for card in ZOO.values() for p in card.packages if p.client != "apt"]
    assert all(pinned)


def test_a_figure_agrees_within_its_tolerance():
    figure = FloatFigure("rmse", 0.92, 100, 0.01, "lower")
    assert figure.agrees(0.911) and not figure.agrees(0.94)


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(UnknownWorkloadError, match="movielens-ncf"):
        card_of("resnet")
