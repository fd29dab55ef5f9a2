"""The app's pages: one thin script each; `pages.ui` holds what they share."""
