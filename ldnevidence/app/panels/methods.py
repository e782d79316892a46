"""Methods and data: downloads, counts, discrepancies, audit, backlog, how to cite, our mistakes."""

from __future__ import annotations

import html
import re

import ipywidgets as w
import pandas as pd

from ldnevidence import export, glossary, views
from ldnevidence.app.panels.base import Panel, heading_html
from ldnevidence.app.show import data_link, in_own_page, table_html
from ldnevidence.claims import in_words, work_labels
from ldnevidence.paths import data_dir
from ldnevidence.schema import contract


class Methods(Panel):
    """How the data were made, what is wrong with the sources, and everything to take away."""

    READS = ()

    def build(self) -> None:
        """Make the widgets."""
        self.downloads, self.backlog, self.cite = w.HTML(), w.HTML(), w.HTML()
        self.discrepancies, self.audit = self.slot(), self.slot()
        words = w.HTML(
            "<h3>Glossary</h3><p>These terms carry their explanation wherever they stand underlined.</p>"
            f"<details class='ldn-fold'><summary>Show the terms</summary>{glossary.as_html()}</details>"
        )
        self.children = [self.downloads, self.cite, words, self.discrepancies, self.audit, self.backlog]

    def draw(self) -> None:
        """Draw once: nothing here depends on a choice."""
        self.downloads.value = self._downloads()
        self.cite.value = self._cite()
        self.fill(self.discrepancies, lambda: views.discrepancies(self.ev))
        self.fill(self.audit, lambda: views.audit_findings(self.ev))
        labels = work_labels(self.ev)
        table = self.ev.tables["backlog"].fillna("")
        table = pd.DataFrame({
            "work": table["study_id"].map(lambda key: labels.get(key, key)),
            "what": table["what"].map(lambda text: in_words(text, labels)), "why": table["why"],
        })  # fmt: skip
        self.backlog.value = (
            f"<h3>Still to be read ({len(table)})</h3><p>What could not be read stands here in words and in no figure.</p>"
            f"<details class='ldn-fold'><summary>Show the list</summary>{table_html(table, 'Still to be read')}</details>"
        )

    def _downloads(self) -> str:
        rows = []
        for resource in contract(data_dir())["resources"]:
            path = data_dir() / resource["path"]
            link = self._link(
                resource["path"], path.read_bytes() if not in_own_page() else b"", resource["path"]
            )
            count = len(self.ev.tables[resource["name"]])
            rows.append(f"<tr><td>{link}</td><td>{count}</td><td>{marked(resource['description'])}</td></tr>")
        whole = self._link(
            export.ZIP_NAME, export.archive() if not in_own_page() else b"", "Everything as one ZIP"
        )
        contract_link = self._link(
            "datapackage.json",
            b"" if in_own_page() else (data_dir() / "datapackage.json").read_bytes(),
            "The contract alone",
        )
        return (
            heading_html("Methods and data")
            + "<p>Every figure was read in a source, paraphrased, and stands with the page it was "
            "read on. A number as printed and a number computed never share a column. Effects are computed only where "
            "arms are independent and counts, or means with SDs, were read; definitions are metafor's.</p>"
            f"<h3>Downloads</h3><p>{whole}{contract_link}</p><p>The ZIP holds tables, contract, references, licence and "
            "citation. CC BY 4.0.</p>"
            "<div class='ldn-scroll' role='region' aria-label='Tables to download' tabindex='0'><table class='ldn-table'>"
            "<thead><tr><th scope='col'>Table</th><th scope='col'>Rows</th><th scope='col'>A row is</th></tr></thead>"
            f"<tbody>{''.join(rows)}</tbody></table></div>"
        )

    @staticmethod
    def _link(name: str, content: bytes, label: str) -> str:
        if in_own_page():
            return f"<a class='ldn-button' download href='voila/static/{export.FOLDER}/{name}'>{html.escape(label)}</a>"
        return data_link(name, "application/octet-stream", content, label)

    def _cite(self) -> str:
        version = contract(data_dir())["version"]
        changes = (data_dir() / "CHANGELOG.md").read_text(encoding="utf-8")
        return (
            f"<h3>How to cite</h3><p>LDN evidence explorer, data version {version}, CC BY 4.0. Name the version: tables change.</p>"
            "<h3>Changes, and our mistakes</h3><details class='ldn-fold'><summary>Show the changelog</summary>"
            f"{markdown(changes)}</details>"
            "<h3>Found an error?</h3><p>Name the table and the key of the row, what it says, what the source says and where. "
            "Corrections are listed under our mistakes.</p>"
        )


def marked(text: str) -> str:
    """Return a line as HTML; what stands between backticks is code.

    >>> marked("a < `b`")
    'a &lt; <code>b</code>'
    """
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text, quote=False))


def markdown(text: str) -> str:
    """Return a page of ours in markdown as HTML below a heading of the third level, without its title.

    >>> markdown("# Title\\n\\n## A\\n\\n- `b`").split()
    ['<h4>A</h4>', '<ul>', '<li><code>b</code></li>', '</ul>']
    """
    from mistune import create_markdown  # only where a page is shown

    lines = text.partition("\n")[2] if text.startswith("# ") else text
    return str(create_markdown(plugins=["table"])(re.sub(r"^##? ", "#### ", lines, flags=re.MULTILINE)))
