"""From sensitivities to a recipe: costs, budgets, frontier, solvers, baselines, verdict."""
