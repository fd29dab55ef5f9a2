"""The parts of `analysis.decide`: candidates, measurements on growing samples, the choice."""
