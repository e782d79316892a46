"""Terms of the field in plain English, for a word on hover and for the glossary."""

from __future__ import annotations

import html
import re

TERMS = {
    "confidence interval": "The range in which the true value could well lie, given so few people; a 95% interval misses it in 5 of 100 studies.",
    "Wilson interval": "A confidence interval for a share of people that stays sensible for small numbers and for 0% and 100%.",
    "risk ratio": "The share with the event in one group divided by that in the other; 1 means no difference.",
    "DDD": "Defined daily dose: the amount that statistics of medicines count as one day's dose.",
    "odds ratio": "The odds of the event in one group divided by those in the other; 1 means no difference.",
    "number needed to treat": "How many people must be treated for one more to benefit.",
    "standardised mean difference": "A difference of means divided by the spread of the scores, so that different scales can be compared.",
    "responder": "Somebody who met a criterion of benefit that the study set; criteria differ from study to study.",
    "response rate": "The share of people who met a criterion of benefit. Without a comparison it says nothing about the drug.",
    "placebo": "A dummy without the drug; what happens on it would have happened anyway.",
    "randomised": "Chance alone decided who got the drug, so that the groups differ by nothing else.",
    "crossover": "Everybody gets both treatments, one after the other; the same people stand on both sides.",
    "open label": "Everybody knew what was given, so that hope can move the result.",
    "ED50": "The dose at which half respond, by the study's own criterion.",
    "ED95": "The dose at which 95 in 100 of those who can respond would do so; not a share of people helped.",
    "up-and-down": "A design in which each answer decides the next person's dose; it steers responses towards one half.",
    "double-blind": "Neither the patients nor those who assess them know who got what, so that hope cannot move the result.",
    "comparison arm": "A group that did not get the drug; without one nobody knows what would have happened anyway.",
    "hazard ratio": "How fast events come in one group, divided by how fast they come in the other; 1 means no difference.",
    "difference in percentage points": "The share in one group minus that in the other: 45% and 28% are 17 points apart.",
    "not pooled": "No common result is computed, because the studies measured different things or in different ways.",
    "hormesis": "A higher dose that does less or harms where a lower one helped.",
    "titration": "Raising a dose step by step.",
    "heterogeneity": "How much results differ between studies beyond chance.",
    "I²": "How much of the scatter between studies is more than chance, in percent; with few studies it is itself uncertain.",
    "leave-one-out": "The calculation repeated without each study in turn, to see whether one of them carries the result.",
    "prediction interval": "The range in which the result of a new, similar study would probably lie.",
    "Ki": "The concentration at which half the receptors are bound; the lower it is, the tighter the bond.",
    "receptor occupancy": "The share of receptors that the drug blocks at a moment; it is not benefit.",
    "bioavailability": "The share of a dose by mouth that reaches the blood unchanged.",
    "rule of three": "With no event among n people, up to about 3 in n may still have it.",
    "registered": "The plan was entered in a public register; before the first patient, it binds what is reported.",
    "attrition": "People who leave a study before its end; if many leave one group, those who stay are no fair sample.",
    "adverse event": "Anything unwanted that happens during treatment, whether or not the drug caused it.",
    "secondary analysis": "A further paper on the people of an earlier study; it is no study of its own.",
    "regression to the mean": "People are measured when they are at their worst, so the next measurement is better by itself.",
    "p value": "How often chance alone would give a difference at least this large if there were none.",
}  # fmt: skip
_FOUND = re.compile(
    r"\b(" + "|".join(sorted(map(re.escape, TERMS), key=len, reverse=True)) + r")(s?)\b", re.IGNORECASE
)
_CODES = {term.lower(): term for term in TERMS}


def explained(text: str) -> str:
    """Return a text as HTML in which each term's first occurrence carries its explanation.

    >>> explained("By titration & hope")
    'By <abbr title="Raising a dose step by step.">titration</abbr> &amp; hope'
    """
    seen: set[str] = set()

    def mark(match: re.Match[str]) -> str:
        term = _CODES[match[1].lower()]
        if term in seen:
            return match[0]
        seen.add(term)
        return f'<abbr title="{html.escape(TERMS[term], quote=True)}">{match[0]}</abbr>'

    return _FOUND.sub(mark, html.escape(text))


def as_html() -> str:
    """Return the whole glossary as a definition list, in alphabetical order."""
    rows = sorted(TERMS.items(), key=lambda item: item[0].lower())
    return "<dl class='ldn-glossary'>" + "".join(
        f"<dt>{html.escape(term[0].upper() + term[1:])}</dt><dd>{html.escape(words)}</dd>" for term, words in rows
    ) + "</dl>"  # fmt: skip
