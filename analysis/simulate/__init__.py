"""Running a model as if it were quantised, and looking at its inputs."""
