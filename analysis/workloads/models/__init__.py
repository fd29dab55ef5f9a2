"""Models in the forms that users have them: a reader for each form, and the checks before it."""
