"""The vocabulary of the claim checker: what each verdict says, and which idea of reading is at stake.

The concepts follow the key concepts of Informed Health Choices (Oxman and others, BMJ Evidence-Based
Medicine 2018, doi 10.1136/ebmed-2017-110829), put into our own words and cut down to those that the claims
of this project raise.
"""

from __future__ import annotations

from dataclasses import dataclass

REFERENCE_DOI = "10.1136/ebmed-2017-110829"


@dataclass(frozen=True)
class Verdict:
    """A verdict on a claim.

    Attributes
    ----------
    symbol, word : str
        Shown together, so that no meaning rests on colour.
    meaning : str
        What the verdict says, in one sentence.
    """

    symbol: str
    word: str
    meaning: str

    @property
    def label(self) -> str:
        """Symbol and word."""
        return f"{self.symbol} {self.word}"


@dataclass(frozen=True)
class Concept:
    """An idea of critical reading.

    Attributes
    ----------
    label : str
        Its name.
    explanation : str
        One sentence for a reader who meets it for the first time.
    would_change : str
        What evidence would change a verdict that rests on it.
    """

    label: str
    explanation: str
    would_change: str


VERDICTS = {
    "supported": Verdict("✓", "supported", "What the sources read say agrees with the claim."),
    "caveat": Verdict(
        "◐",
        "true with a caveat",
        "Something real is behind the claim, but it leaves out what is needed to judge it.",
    ),
    "overstated": Verdict("▲", "overstated", "The claim goes further than the sources read allow."),
    "misreported": Verdict(
        "≠", "misreported", "A figure or a fact differs from the source that it comes from."
    ),
    "misattributed": Verdict(
        "⇄", "misattributed", "The work exists but is credited to other authors or another source."
    ),
    "contradicted": Verdict("✗", "contradicted", "The sources read say the opposite."),
    "withdrawn": Verdict(
        "⊘", "rests on withdrawn work", "The claim rests on papers that carry a retraction notice."
    ),
    "opinion": Verdict("“", "opinion", "A view or an experience: no study that tests it was found."),
    "unchecked": Verdict(
        "?", "could not be checked", "The source that would settle it could not be read or is not named."
    ),
}
"""Verdict codes of the claims table, in the order in which they are shown."""

CONCEPTS = {
    "no comparison": Concept(
        "No comparison",
        "People often get better untreated, so a result means little unless a similar group went without.",
        "A randomised, blinded comparison with placebo that measures the same thing.",
    ),
    "share without a denominator": Concept(
        "Share without a denominator",
        "A percentage says little until it is known how many people it is a share of, and who was left out.",
        "The number of people behind the percentage, those lost on the way included.",
    ),
    "relative without absolute": Concept(
        "Relative without absolute",
        "A relative difference can be large while the difference in people is small.",
        "The counts in both groups, from which the difference in people follows.",
    ),
    "small study": Concept(
        "Small study",
        "With few people, chance alone can make a large difference or hide one.",
        "A larger study, or several, planned in advance and pointing the same way.",
    ),
    "single study": Concept(
        "Single study",
        "One study is rarely enough: results often fail to come again.",
        "An independent repetition of the study with the same outcome.",
    ),
    "selected people": Concept(
        "Selected people",
        "Where only those who did well are counted, improvement is built into the selection.",
        "Results of everybody who started, in the group to which they were assigned.",
    ),
    "dissimilar groups": Concept(
        "Dissimilar groups",
        "A comparison misleads where groups, doses or conditions differ in more than the treatment.",
        "A comparison of like with like: the same condition, the same range of doses, assigned by chance.",
    ),
    "surrogate or laboratory result": Concept(
        "Surrogate or laboratory result",
        "A change in a blood marker or a receptor is not yet a change in how a person feels or fares.",
        "A trial that measures symptoms or function, with the marker beside them.",
    ),
    "animal or cell result": Concept(
        "Animal or cell result",
        "What happens in cells or animals, often at far higher concentrations, may not happen in people.",
        "A measurement in people at the doses that they take.",
    ),
    "expert opinion alone": Concept(
        "Expert opinion alone",
        "Experience and authority are no test of a treatment, however honestly they are offered.",
        "A study that puts the opinion to the test, with a comparison.",
    ),
    "association is not causation": Concept(
        "Association is not causation",
        "Two things can go together without one being the cause of the other.",
        "A comparison in which chance decides who gets the treatment.",
    ),
    "average hides individuals": Concept(
        "Average hides individuals",
        "An average can move although most people do not, and stand still although some do.",
        "The spread of the results, or the counts of people who got better and worse, in both groups.",
    ),
    "chance and p values": Concept(
        "Chance and p values",
        "A p value depends on how many tests were made and how; it does not tell the size of a difference.",
        "The interval of a two-sided test that was named in advance, and the number of tests made.",
    ),
    "figure changed in quoting": Concept(
        "Figure changed in quoting",
        "Figures and facts change as they are passed on, so the first source has to be looked up.",
        "A source that prints the figure as quoted.",
    ),
    "source misnamed": Concept(
        "Source misnamed",
        "A claim can be checked only where its source is named rightly.",
        "The right source, read at the place that carries the statement.",
    ),
    "work retracted": Concept(
        "Work retracted",
        "A retracted paper can no longer carry a claim, nor can what was built on it alone.",
        "Independent work, not retracted, that shows the same.",
    ),
    "newer evidence differs": Concept(
        "Newer evidence differs",
        "A claim may quote an early study although later, larger ones found something else.",
        "A further large trial, or a pooled analysis of all of them, that agrees with the early result.",
    ),
    "certainty of harm data": Concept(
        "Certainty of harm data",
        "That no harm was reported does not mean that there was none: rare or unasked harms stay unseen.",
        "Harms asked for in the same way in both groups, in enough people and for long enough.",
    ),
    "interest of the source": Concept(
        "Interest of the source",
        "Who gains from a claim, or pays for a study, may shape what is told.",
        "The same result from people without such an interest.",
    ),
    "none": Concept(
        "No particular concept",
        "The claim raises no particular question of critical reading.",
        "A source that says otherwise.",
    ),
}
"""Concept codes of the claims table."""
