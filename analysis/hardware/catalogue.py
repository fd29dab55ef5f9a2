"""The profiles that come with the package, and those in a user's own files."""

from functools import cache
from pathlib import Path

from analysis import serial
from analysis.errors import OptionError
from analysis.hardware.profile import HardwareProfile

_DATA = Path(__file__).resolve().parent / "data"
SUFFIX = ".json"


@cache
def profiles() -> tuple[HardwareProfile, ...]:
    """The shipped profiles, by name."""
    found = [load_profile(path) for path in _DATA.glob(f"*{SUFFIX}")]
    return tuple(sorted(found, key=lambda profile: profile.name))


def profile(name: str) -> HardwareProfile:
    """A shipped profile by its name, or one from a JSON file by its path.

    Raises:
        OptionError: there is none of that name; the names are listed.
    """
    if name.endswith(SUFFIX):
        return load_profile(Path(name))
    for known in profiles():
        if known.name == name:
            return known
    raise OptionError(
        f"A profile must be one of {', '.join(known.name for known in profiles())} or a JSON "
        f"file, not {name!r:.80}; 'quantscope profiles' tells what each can run."
    )


def load_profile(path: Path) -> HardwareProfile:
    """Read a profile from a JSON file in the form of the shipped ones.

    Raises:
        OptionError: the file cannot be read or is no profile.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise OptionError(f"The profile {str(path)!r} cannot be read: {error}.") from None
    return parse_profile(text)


def parse_profile(text: str) -> HardwareProfile:
    """Read a profile from JSON.

    Raises:
        OptionError: the text is no profile; the first wrong field is named.
    """
    body = serial.parse_object(text, OptionError, "hardware profile")
    return serial.from_plain(HardwareProfile, body, OptionError, "hardware profile")
