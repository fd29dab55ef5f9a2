"""What a test reads off a page of the app."""

from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Button, ButtonGroup


def text(app: AppTest) -> str:
    """All Markdown and captions of the page."""
    return "\n".join(element.value for element in (*app.markdown, *app.caption))


def metrics(app: AppTest) -> dict[str, str]:
    """The figures of the cards, by label."""
    return {metric.label: metric.value for metric in app.metric}


def labels(app: AppTest) -> list[str]:
    """Labels of all buttons."""
    return [found.label for found in app.button]


def button(app: AppTest, label: str) -> Button:
    """The first button of that label."""
    return next(found for found in app.button if found.label == label)


def switch(app: AppTest, label: str) -> "ButtonGroup[str]":
    """The segmented control of that label."""
    return next(found for found in app.button_group if found.label == label)


def headed(app: AppTest, words: str) -> bool:
    """Whether a heading of the page holds the words."""
    return any(words in header.value for header in (*app.header, *app.subheader))
