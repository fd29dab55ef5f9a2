"""A made-up hardware profile on which everything costs something."""

from analysis.hardware.profile import HardwareProfile
from analysis.hardware.rules import KindRule, Pair, SpecRule
from analysis.hardware.tables import BitProduct, CostTable, MacRow

ANY = KindRule(
    kinds=("*",),
    pairs=tuple(
        Pair(weight=SpecRule(format=w), activation=SpecRule(format=a))
        for w in ("int", "float")
        for a in ("int", "float")
    ),
)
TIMED = HardwareProfile(
    name="timed",
    title="Timed",
    source="made up",
    date="today",
    allowed=(ANY,),
    latency=CostTable(
        unit="ns",
        basis="model, not measured",
        source="made up",
        rows=(MacRow(cost=1.0, activation_bits=32),),
        product=BitProduct(fixed=0.1, per_product=0.01),
        per_weight_byte=0.5,
        per_activation_byte=0.2,
        per_layer=100.0,
        per_change=150_000.0,
        per_changed_value=3.0,
    ),
    energy=CostTable(
        unit="pJ",
        basis="model, not measured",
        source="made up",
        rows=(MacRow(cost=4.6, activation_bits=32),),
        product=BitProduct(fixed=0.1, per_product=0.003),
        per_weight_byte=160.0,
    ),
)
