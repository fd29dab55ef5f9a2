"""One self-contained HTML file that a colleague can read, print and mail."""

from analysis.report.document import report_html

__all__ = ["report_html"]
