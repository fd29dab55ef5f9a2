"""Results in, plotly figures out; each figure carries its own description (`frame.alt_text`)."""
