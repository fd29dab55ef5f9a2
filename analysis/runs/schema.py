"""The tables of the run store."""

from sqlalchemy import (
    Boolean,
    Column,
    Double,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

SCHEMA_VERSION = "1"
QUEUE_LOCK = "queue"
"""The row of `facts` that a claim holds, so that claims follow one another in any database."""

metadata = MetaData()

facts = Table(
    "facts",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("value", Text, nullable=False),
)
"""Facts about the store itself: its version and the demo it holds."""

jobs = Table(
    "jobs",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("source", Text, nullable=False),
    Column("workload", Text, nullable=False),
    Column("fingerprint", String(64)),
    Column("owner", String(64), nullable=False, index=True),
    Column("options", Text, nullable=False),
    Column("state", String(16), nullable=False, index=True),
    Column("phase", String(32), nullable=False, default=""),
    Column("error", Text),
    Column("created", Double, nullable=False),
    Column("started", Double),
    Column("ended", Double),
    # Units may be fractions (a cell measured on part of its samples); `Job` shows whole ones.
    Column("done", Double, nullable=False, default=0.0),
    Column("total", Integer, nullable=False, default=0),
    # This attempt: when it was claimed, where its units began, when the newest of them ended.
    Column("attempt", Integer, nullable=False, default=0),
    Column("claimed", Double),
    Column("first_done", Double),
    Column("first_time", Double),
    Column("last_time", Double),
    # Attempts in a row that died without finishing a unit.
    Column("barren", Integer, nullable=False, default=0),
    Column("cancel", Boolean, nullable=False, default=False),
    # The process at work; `pid` alone is not enough, numbers are used again.
    Column("host", String(255)),
    Column("pid", Integer),
    Column("pid_created", Double),
    Column("heartbeat", Double),
)

sweeps = Table(
    "sweeps",
    metadata,
    Column("run", String(32), primary_key=True),
    Column("setup", Text, nullable=False),
    Column("cost", Text),
    # How sure the ended sweep is, and what its user should know.
    Column("reliability", Text),
    Column("notes", Text),
)

points = Table(
    "points",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("run", String(32), nullable=False),
    Column("layer", Text, nullable=False),
    Column("target", String(16), nullable=False),
    Column("label", String(64), nullable=False),
    Column("body", Text, nullable=False),
    UniqueConstraint("run", "layer", "target", "label"),
)

samples = Table(
    "samples",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("run", String(32), nullable=False),
    Column("layer", Text, nullable=False),
    Column("target", String(16), nullable=False),
    Column("label", String(64), nullable=False),
    Column("stage", String(16), nullable=False),
    Column("start", Integer, nullable=False),
    Column("samples", Integer),
    # Arrays row by row, little-endian; float64, the shifts float32.
    Column("length", Integer, nullable=False),
    Column("divergence", LargeBinary, nullable=False),
    Column("statistics", LargeBinary, nullable=False),
    Column("shifts", LargeBinary),
    UniqueConstraint("run", "layer", "target", "label", "stage", "start"),
)

findings = Table(
    "findings",
    metadata,
    Column("run", String(32), nullable=False),
    # "interactions" or "calibration".
    Column("name", String(16), nullable=False),
    # JSON, deflated.
    Column("body", LargeBinary, nullable=False),
    UniqueConstraint("run", "name"),
)
"""What was made of a sweep's figures besides its points."""

inspections = Table(
    "inspections",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("source", Text, nullable=False),
    Column("fingerprint", String(64), nullable=False, index=True),
    Column("workload", Text, nullable=False),
    Column("created", Double, nullable=False),
    # JSON, deflated: histograms of 300 layers are megabytes of digits.
    Column("body", LargeBinary, nullable=False),
    UniqueConstraint("source", "fingerprint"),
)

recipes = Table(
    "recipes",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("run", String(32), index=True),
    Column("fingerprint", String(64), nullable=False, index=True),
    Column("owner", String(64), nullable=False),
    Column("origin", String(16), nullable=False),
    Column("created", Double, nullable=False),
    Column("recipe", Text, nullable=False),
    Column("predicted", Text, nullable=False),
)

scores = Table(
    "scores",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("recipe", String(32), nullable=False, index=True),
    Column("created", Double, nullable=False),
    Column("body", Text, nullable=False),
)

Index("jobs_by_age", jobs.c.created)
