"""Where things lie: the shipped assets, the app, and the user's own data directory."""

import os
import sysconfig
from pathlib import Path

import platformdirs

_PACKAGE = Path(__file__).resolve().parent


def app_dir() -> Path:
    """Folder of `app.py`, `pages/` and `assets/`: the checkout, or what the wheel installed."""
    checkout = _PACKAGE.parent
    return checkout if (checkout / "app.py").is_file() else checkout / "quantscope_app"


def assets_dir() -> Path:
    """Folder of the shipped weights, images and demo result."""
    return app_dir() / "assets"


def home_dir() -> Path:
    """The user's data directory: `QUANTSCOPE_HOME`, or the platform's own place."""
    chosen = os.environ.get("QUANTSCOPE_HOME")
    return Path(chosen) if chosen else Path(platformdirs.user_data_dir("quantscope"))


def module_path() -> dict[str, str]:
    """What a child's environment needs to find this package: nothing where it is installed."""
    if _PACKAGE.parent == Path(sysconfig.get_path("purelib")).resolve():
        return {}
    others = os.environ.get("PYTHONPATH")
    return {
        "PYTHONPATH": f"{_PACKAGE.parent}{os.pathsep}{others}" if others else str(_PACKAGE.parent)
    }
