"""References in words: one golden text for each type of entry, and properties that every entry has to have."""

from __future__ import annotations

import html
import re

import pytest

from ldnevidence import citations
from ldnevidence.bibliography import parse
from ldnevidence.citation_styles import sentence_case

WORKS = citations.references()
VANCOUVER = {
    "article": (
        "smith2011",
        "Smith JP, Bingaman SI, Ruggiero F, Mauger DT, Mukherjee A, McGovern CO, et al. Therapy with the opioid "
        "antagonist naltrexone promotes mucosal healing in active Crohn's disease: a randomized "
        "placebo-controlled trial. Digestive Diseases and Sciences. 2011;56(7):2088–97. "
        "doi:10.1007/s10620-011-1653-7 PubMed PMID: 21380937; PubMed Central PMCID: PMC3381945.",
    ),
    "article without authors": (
        "jamaderm_sr2019",
        "Utility of naltrexone treatment for chronic inflammatory dermatologic conditions: a systematic review. "
        "JAMA Dermatology. 2019;155(2):229–36. doi:10.1001/jamadermatol.2018.4093 PubMed PMID: 30484835.",
    ),
    "and others": (
        "wang2016",
        "Wang X, Zhang Y, Peng Y, et al. Pharmacological characterization of the opioid inactive isomers "
        "(+)-naltrexone and (+)-naloxone as antagonists of toll-like receptor 4. British Journal of "
        "Pharmacology. 2016;173(5):856–69. doi:10.1111/bph.13394 PubMed PMID: 26603732; PubMed Central PMCID: "
        "PMC4761092.",
    ),
    "without a year": (
        "bruun2026letter",
        "Bruun KD, Nielsen MJ, Vaegter HB, et al. Low-dose naltrexone for fibromyalgia: a re-analysis suggests "
        "lower efficacy than previously reported. Korean Journal of Pain. [date unknown];39(1):140. "
        "doi:10.3344/kjp.25275",
    ),
    "retracted": (
        "wang2009",
        "Wang HY, Burns LH. Naloxone's pentapeptide binding site on filamin A blocks mu opioid receptor-Gs "
        "coupling and CREB activation of acute morphine [Retracted]. PLoS One. 2009;4(1):e4282. "
        "doi:10.1371/journal.pone.0004282",
    ),
    "book": (
        "kim2025",
        "Kim YH. Low-dose naltrexone primer: a clinical guide to optimizing LDN therapy. LDN Support Group; 2025.",
    ),
    "inproceedings": (
        "bihari1988",
        "Bihari B, Drury FM, Ragone VP, Ottomanelli GA, Buimovici-Klein E, Orbe MG, et al. Low dose naltrexone in "
        "the treatment of acquired immune deficiency syndrome. In: IV International AIDS Conference, Stockholm, "
        "June 1988. 1988.",
    ),
    "incollection": (
        "patel2020",
        "Patel CL, Zagon IS, Thomas GA, McLaughlin PJ. Enkephalin therapy improves relapsing-remitting multiple "
        "sclerosis. In: An Overview and Management of Multiple Chronic Conditions. 2020. "
        "doi:10.5772/intechopen.91010",
    ),
    "techreport": (
        "worksafebc2022",
        "WorkSafeBC Evidence-Based Practice Group, Martin CW. Low-dose naltrexone as treatment for post-COVID "
        "conditions. WorkSafeBC; [date unknown].",
    ),
    "online": (
        "msuk_ldn",
        "MS-UK. Low-dose naltrexone and MS [Internet]. [date unknown]. Available from: "
        "https://www.ms-uk.org/blog-low-dose-naltrexone-and-ms",
    ),
    "misc, corporate author": (
        "oxytrex2005_oa_phase3",
        "Pain Therapeutics. Second phase III trial of Oxytrex, in osteoarthritis [Company announcement]. 2005.",
    ),
    "misc, registry record": (
        "dryeye_nct03660475",
        "Effect of topical naltrexone ophthalmic solution on the signs and symptoms of dry eye in diabetic "
        "subjects [Trial registry record]. 2022. Available from: https://clinicaltrials.gov/study/NCT03660475",
    ),
    "misc, suffix": (
        "guttuso2010",
        "Guttuso T Jr, Salins N, Lichter D. Low-dose naltrexone's tolerability and effects in fatigued patients "
        "with Parkinson's disease: an open-label study [Conference abstract]. 2010.",
    ),
    "misc, journal not read": (
        "disposition1981",
        "Metabolism and disposition of naltrexone in man after oral and intravenous administration. "
        "1981;9(4):369–75.",
    ),
}
APA = {
    "article": (
        "duebruun2024",
        "Bruun, K. D., Christensen, R., Amris, K., Vaegter, H. B., Blichfeldt-Eckhardt, M. R., Bye-Møller, L., "
        "Holsgaard-Larsen, A., & Toft, P. (2024). Naltrexone 6 mg once daily versus placebo in women with "
        "fibromyalgia: A randomised, double-blind, placebo-controlled trial. The Lancet Rheumatology, 6(1), "
        "e31–e39. https://doi.org/10.1016/S2665-9913(23)00278-3",
    ),
    "article without authors": (
        "jamaderm_sr2019",
        "Utility of naltrexone treatment for chronic inflammatory dermatologic conditions: A systematic review. "
        "(2019). JAMA Dermatology, 155(2), 229–236. https://doi.org/10.1001/jamadermatol.2018.4093",
    ),
    "particles": (
        "lie2018",
        "Lie, M. R. K. L., van der Giessen, J., Fuhler, G. M., de Lima, A., Peppelenbosch, M. P., van der Ent, C., "
        "& van der Woude, C. J. (2018). Low dose naltrexone for induction of remission in inflammatory bowel "
        "disease patients. Journal of Translational Medicine, 16(1), 55. "
        "https://doi.org/10.1186/s12967-018-1427-5",
    ),
    "and others": (
        "cabanas2019",
        "Cabanas, H., Muraki, K., Staines, D., et al. (2019). Naltrexone restores impaired transient receptor "
        "potential melastatin 3 ion channel function in natural killer cells from myalgic "
        "encephalomyelitis/chronic fatigue syndrome patients. Frontiers in Immunology.",
    ),
    "foreign journal": (
        "scifo1996",
        "Scifo, R., Cioni, M., Nicolosi, A., Batticane, N., Tirolo, C., Testa, N., Quattropani, M. C., Morale, "
        "M. C., Gallo, F., & Marchetti, B. (1996). Opioid-immune interactions in autism: Behavioural and "
        "immunological assessment during a double-blind treatment with naltrexone. Annali dell'Istituto "
        "Superiore di Sanita, 351–359.",
    ),
    "German title": (
        "pape2014",
        "Pape, W., & Wöller, W. (2014). Niedrig dosiertes Naltrexon in der Behandlung dissoziativer Symptome (Low "
        "dose naltrexone in the treatment of dissociative symptoms). Der Nervenarzt. "
        "https://doi.org/10.1007/s00115-014-4015-9",
    ),
    "book": (
        "kim2025",
        "Kim, Y. H. (2025). Low-dose naltrexone primer: A clinical guide to optimizing LDN therapy. LDN Support "
        "Group.",
    ),
    "inproceedings": (
        "ahmed2024",
        "Ahmed, S., Kelley, M., Reyes, K., & Freeman, L. (2024). Use of low dose naltrexone in a cohort of "
        "patients with cryptogenic small fiber neuropathy. American Academy of Neurology annual meeting.",
    ),
    "incollection": (
        "patel2020",
        "Patel, C. L., Zagon, I. S., Thomas, G. A., & McLaughlin, P. J. (2020). Enkephalin therapy improves "
        "relapsing-remitting multiple sclerosis. In An Overview and Management of Multiple Chronic Conditions. "
        "https://doi.org/10.5772/intechopen.91010",
    ),
    "techreport": (
        "worksafebc2022",
        "WorkSafeBC Evidence-Based Practice Group, & Martin, C. W. (n.d.). Low-dose naltrexone as treatment for "
        "post-COVID conditions. WorkSafeBC.",
    ),
    "online": (
        "ldnrt_moser",
        "LDN Research Trust. (n.d.). How do you increase the dose of low-dose naltrexone? "
        "https://ldnresearchtrust.org/how-do-you-increase-dose-low-dose-naltrexone-ldn",
    ),
    "misc, registry record without authors": (
        "dryeye_nct03660475",
        "Effect of topical naltrexone ophthalmic solution on the signs and symptoms of dry eye in diabetic "
        "subjects (No. NCT03660475) [Trial registry record]. (2022). "
        "https://clinicaltrials.gov/study/NCT03660475",
    ),
    "misc, preprint": (
        "byambasuren2025",
        "Byambasuren, O., Atkins, T. J., Baptista, S., Glasziou, P., & Chakraborty, S. (2025). Effect of low dose "
        "naltrexone for long covid: A systematic review [Preprint].",
    ),
    "family name alone": (
        "cao2018",
        "Cao. (2018). Letter on three further Hailey-Hailey cases with varying responses to naltrexone. JAMA "
        "Dermatology.",
    ),
}


@pytest.mark.parametrize(("key", "text"), VANCOUVER.values(), ids=VANCOUVER)
def test_vancouver_reads_as_the_library_of_medicine_has_it(key, text):
    assert citations.cite(key, "vancouver") == text


@pytest.mark.parametrize(("key", "text"), APA.values(), ids=APA)
def test_apa_reads_as_the_manual_has_it(key, text):
    assert citations.cite(key, "apa") == text


def test_plain_is_one_line_with_the_best_address():
    assert citations.cite("zagon1983", "plain") == (
        "Zagon and McLaughlin 1983. Naltrexone modulates tumor response in mice with neuroblastoma. Science. "
        "https://doi.org/10.1126/science.6867737"
    )


@pytest.mark.parametrize("style", ["vancouver", "apa", "plain"])
@pytest.mark.parametrize("work", WORKS, ids=lambda w: w.key)
def test_every_reference_in_words_is_whole_and_clean(work, style):
    text = citations.cite(work, style)
    assert not re.search(
        r"[{}<>\\\ue000-\uf8ff]|--|\.\.(?!\.)(?<!\.\.\.)|[?!]\.|\s\s|,\s*,|\(\)|None|Retrieved", text
    )
    assert not re.match(r"\d+\.\s?[A-Z]", text)
    assert not re.search(r"\d[A-Z][a-z]{2}\b|Publication details|Article NCT", text)  # "2013Feb"
    assert text.count(work.title[:40]) <= 1
    plain_text = text.casefold()
    assert plain_text.count(work.title.casefold()) == 1
    assert (
        str(work.year or ("date unknown" if style == "vancouver" else "n" if style == "apa" else "no year"))
        in text
    )
    if work.authors:
        assert text.startswith(work.authors[0].surname)
    if work.doi:
        assert work.doi in text
    if work.more_authors:
        assert "et al." in text
    assert ("[Retracted]" in text) == work.retracted


def test_works_without_authors_begin_with_their_title_once():
    for work in WORKS:
        if not work.authors and work.entry_type != "online":
            for style in ("vancouver", "apa"):
                text = citations.cite(work, style)
                assert text.startswith(sentence_case(work.title_markup, style == "apa"))


def test_html_links_every_identifier_and_escapes_the_rest():
    for work in WORKS:
        text = citations.cite(work, "html")
        addresses = [html.unescape(a) for a in re.findall(r'href="([^"]*)"', text)]
        expected = [
            work.doi_url,
            work.pubmed_url,
            work.pmc_url,
            work.fields.get("url", ""),
            *work.registry_urls,
        ]
        assert {a for a in expected if a} <= set(addresses), work.key
        bare = re.sub(r"</?(?:a|span)\b[^>]*>", "", text)
        assert not re.search(r"[<>]|&(?!amp;|lt;|gt;|quot;|#x27;)", bare)
        assert citations.cite(work, "vancouver") in html.unescape(bare)
    assert "Retraction notice" in citations.cite("wang2008", "html")


def test_hostile_text_in_an_entry_cannot_leave_the_html():
    work = parse('@misc{x, title={A <script>alert(1)</script> & more}, url={https://a.b/"onclick="x}}')["x"]
    text = citations.cite(work, "html")
    assert "<script" not in text
    assert '"onclick' not in text


@pytest.mark.parametrize(
    ("markup", "sentence"),
    [
        (
            "Treatment of {Hailey-Hailey} Disease With Naltrexone",
            "Treatment of Hailey-Hailey disease with naltrexone",
        ),
        ("A Phase {III} Trial: The {INNOVA} Study", "A phase III trial: The INNOVA study"),
        ("Is It So? A Review", "Is it so? A review"),
        ("Apparent {pA2} Analysis of pA2 and mRNA", "Apparent pA2 analysis of pA2 and mRNA"),
        ("Reversal in a B-Cell Lymphoma", "Reversal in a B-cell lymphoma"),
        ("", ""),
    ],
)
def test_titles_become_sentences_and_protected_capitals_stay(markup, sentence):
    assert sentence_case(markup) == sentence


def test_an_unknown_style_is_refused_with_the_list_of_styles():
    with pytest.raises(ValueError, match="vancouver, apa, plain, bibtex, ris, csl-json, html"):
        citations.cite("younger2013", "harvard")
