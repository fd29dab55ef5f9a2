"""Why a spec hurts a layer, and what to try; torch-free."""
