"""Numbers of trial registers, and where their records stand."""

from __future__ import annotations

import re

# Form of a register's numbers, and address of a record. The WHO portal holds the national registers too.
_REGISTERS = (
    (r"NCT\d{8}", "https://clinicaltrials.gov/study/{}"),
    (r"\d{4}-\d{6}-\d{2}", "https://www.clinicaltrialsregister.eu/ctr-search/search?query={}"),
    (r"CTRI/\d{4}/\d{2,3}/\d+", "https://trialsearch.who.int/Trial2.aspx?TrialID={}"),
    (r"RBR-\w+", "https://trialsearch.who.int/Trial2.aspx?TrialID={}"),
    (r"ACTRN\d{14}p?", "https://trialsearch.who.int/Trial2.aspx?TrialID={}"),
    (r"ISRCTN\d+", "https://www.isrctn.com/{}"),
    (r"NL-OMON\d+", "https://trialsearch.who.int/Trial2.aspx?TrialID={}"),
    (r"IRCT\d+N?\d*", "https://trialsearch.who.int/Trial2.aspx?TrialID={}"),
    (r"(?:NL|NTR)\d{3,}", ""),
    (r"(?<![\w/-])\d{8}(?![\w/-])", ""),  # the Nigerian register numbers its records without letters
)
_REGISTRY_NUMBER = re.compile("|".join(f"(?:{form})" for form, _ in _REGISTERS), re.IGNORECASE)


def registry_numbers(text: str) -> tuple[str, ...]:
    """Return the trial registry numbers in a text.

    >>> registry_numbers("EudraCT 2019-000852-32; NL9259 (NL-OMON21939)")
    ('2019-000852-32', 'NL9259', 'NL-OMON21939')
    """
    return tuple(m.group() for m in _REGISTRY_NUMBER.finditer(text))


def registry_url(number: str) -> str:
    """Return the address of a registry number, or an empty text where the register has none by number."""
    for form, address in _REGISTERS:
        if re.fullmatch(form, number, re.IGNORECASE):
            return address.format(number)
    return ""
