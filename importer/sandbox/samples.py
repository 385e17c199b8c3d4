"""Find the example sheets: beside the package in a checkout, or in the shared data of an installation."""

import sysconfig
from pathlib import Path

_CHECKOUT = Path(__file__).parents[2] / "samples"
_INSTALLED = [
    Path(sysconfig.get_path("data", scheme)) / "share" / "note-importer" / "samples"
    for scheme in (sysconfig.get_default_scheme(), sysconfig.get_preferred_scheme("user"))
]

SAMPLES = next(
    (folder for folder in (_CHECKOUT, *_INSTALLED) if (folder / "1-webinar-followup.csv").is_file()), _INSTALLED[0]
)
