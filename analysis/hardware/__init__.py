"""What hardware can run, as data with sources: specs, costs, memory, warnings; torch-free."""
