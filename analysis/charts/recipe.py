"""A recipe as pictures."""

from analysis.charts.strip import bits_strip
from analysis.charts.treemap import recipe_treemap
from analysis.charts.waterfall import waterfall

__all__ = ["bits_strip", "recipe_treemap", "waterfall"]
