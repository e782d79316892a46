"""What the dashboard brings along where the page is not ours: in JupyterLab, on Binder, under another Voila."""

from __future__ import annotations

from pathlib import Path

import ipywidgets as w
from IPython.display import Javascript

JUPYTER = Path(__file__).parent / "jupyter"
STYLE = JUPYTER / "voila" / "templates" / "ldn" / "static" / "explorer.css"
PLACE = "ldn-elsewhere"  # class of the widget that the styles and the script are for
HEADER = (
    "<div class='ldn-header'><p><strong>LDN evidence explorer</strong></p><p class='ldn-disclaimer'><strong>Education, "
    "not medical advice.</strong> Nothing here tells anyone what to take. Talk to a clinician about your own care.</p></div>"
)


def brought_along() -> list[w.Widget]:
    """Return what else our page would bring: the styles, the script for the buttons, and the head of the page.

    They belong into a widget with the class :data:`PLACE`, and touch nothing outside it.

    Examples
    --------
    >>> style, script, header = brought_along()
    >>> style.value.startswith("<style>.ldn-elsewhere {")
    True
    """
    rules = STYLE.read_text(encoding="utf-8").replace(":root", "&").replace("html, body", "&")
    script = w.Output()
    script.append_display_data(Javascript(filename=JUPYTER / "elsewhere.js"))
    return [w.HTML(f"<style>.{PLACE} {{ {rules} }}</style>"), script, w.HTML(HEADER)]
