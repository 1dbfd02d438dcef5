"""One page over several runs: every claim, number and picture under the article it is about."""

import html
import re

import pytest

from twinhead.cli import several
from twinhead.cli.commands import articles, reproduce
from twinhead.errors import InputError
from twinhead.pages import report
from twinhead.results.published import published
from twinhead.runs.articles import write
from twinhead.runs.execute import Run

SVG = b"<svg xmlns='http://www.w3.org/2000/svg'/>"
TITLES = {"001": "One", "003": "Three"}


def verdict(id, source, outcome="holds"):
    control = {"claim": "the article's", "measured": "inf", "verdict": "fails"}
    return {
        **{"id": id, "claim": f"claim {id}", "source": source, "expected": 0, "measured": 1e-9},
        **{"tolerance": 1e-6, "comparison": "equal", "reason": "", "verdict": outcome},
        **{"control": control, "data": ""},
    }


def row(article, quantity, outcome="holds"):
    number = {"printed": 5.75274406e-290, "measured": 5.752744056e-290, "tolerance": 5e-299}
    return {"article": article, "place": "", "quantity": quantity, **number} | {
        "verdict": outcome,
        "remark": "",
    }


def findings(**changes):
    known = {
        "name": "numerics",
        "title": "In floating point",
        "notes": ("Article 001 is imprecise here.", "A tolerance of 0.001 is about no article."),
        "illustrates": {"first": "001"},
        "id": "abc",
        "verdicts": [
            verdict("1", "article 001, section 2, and article 003, section 1"),
            verdict("2", "article 003, section 1", "fails"),
            verdict("3", "article 000, log"),
        ],
        "rows": [row("001", "an input", "not tested"), row("003", "softmax([123, 456, 789])[0]")],
        "about": {"data": "none", "started": "now", "seconds": 1.0, "commit": None, "dirty": None},
        "figures": {"first": SVG, "second": SVG},
    }
    return report.Findings(**(known | changes))


def sections(page):
    """Return the text of each article's section."""
    return dict(re.findall(r'<section id="article-(\d+)">(.*?)</section>', page, re.DOTALL))


def test_a_claim_stands_under_every_article_that_its_source_names():
    found = sections(report.articles_page("All", TITLES, [findings()]))
    assert list(found) == ["001", "003"]
    for article, claims in (("001", "1"), ("003", "12")):
        assert "".join(re.findall(r"<td>claim (\d)", found[article])) == claims


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("article 003, section 1", {"003"}),
        ("Articles 002 and 003.", {"002", "003"}),
        ("a tolerance of 0.001, in 1003 draws", set()),
    ],
)
def test_articles_are_told_from_other_numbers(text, named):
    assert report.mentioned(text) == named


def test_printed_and_measured_stand_side_by_side_with_their_digits():
    found = sections(report.articles_page("All", TITLES, [findings()]))
    assert "softmax([123, 456, 789])[0]" in found["003"]
    assert re.search(r"5\.75274406e-290</td>\s*<td class=\"n\">5\.752744056e-290", found["003"])
    assert "an input" not in found["001"]
    assert "Not measured: 1 printed" in found["001"]


def test_every_picture_is_there_once_and_linked_from_the_other_article():
    page = report.articles_page("All", TITLES, [findings()])
    found = sections(page)
    assert page.count("data:image/svg+xml;base64,") == 2
    # The second has no article of its own and goes to the one that most claims are about.
    for article, own, other in (("001", "first", "second"), ("003", "second", "first")):
        assert f'id="numerics-{own}"' in found[article]
        assert f'href="#numerics-{other}"' in found[article]


def test_notes_stand_under_their_article_alone():
    found = sections(report.articles_page("All", TITLES, [findings()]))
    assert "imprecise here" in found["001"]
    assert "imprecise here" not in found["003"]
    assert "about no article" not in found["001"] + found["003"]


def test_an_experiment_that_says_nothing_about_an_article_is_not_in_its_section():
    silent = findings(
        name="tasks", title="Kinds of task", verdicts=[], rows=[], figures={}, notes=()
    )
    found = sections(report.articles_page("All", TITLES, [findings(), silent]))
    assert "Kinds of task" not in found["001"] + found["003"]


def test_the_page_is_written_from_the_runs_folders_and_opens_offline(run):
    finished = run("tasks")
    page = write(articles.ARTICLES, [finished])
    assert page == finished.folder.parents[1] / "articles/articles.html"
    text = page.read_text(encoding="utf-8")
    assert set(sections(text)) == set(articles.ARTICLES)
    assert "https://" not in text
    assert "http://" not in text
    assert text.count("data:image/svg+xml;base64,") == 3
    links = re.findall(r'href="(\.\./[^"]+)"', text)
    assert links
    assert all((page.parent / link).exists() for link in links)
    results = {each.quantity for each in published(experiment="tasks") if each.kind == "result"}
    assert all(html.escape(quantity) in text for quantity in results)

    page.write_text("old")
    assert write(articles.ARTICLES, [finished]) == page
    assert page.read_text(encoding="utf-8") == text
    assert not list(page.parents[1].glob(".partial-*"))


def test_a_page_that_cannot_be_made_leaves_the_old_one(run, monkeypatch):
    page = write(articles.ARTICLES, [run("tasks")])
    before = page.read_text(encoding="utf-8")

    def breaks(self, *_, **__):
        raise OSError("disk full")

    with monkeypatch.context() as patched:
        patched.setattr("pathlib.Path.write_text", breaks)
        with pytest.raises(OSError, match="disk full"):
            write({"001": "One"}, [run("tasks")])
    assert page.read_text(encoding="utf-8") == before
    assert not list(page.parents[1].glob(".partial-*"))


def test_the_largest_exit_code_counts_and_the_page_is_written_all_the_same(monkeypatch, tmp_path):
    codes = iter([0, 1, 0, 0, 0])
    monkeypatch.setattr(several, "execute", lambda each, _: Run(each, tmp_path, next(codes)))
    written = []
    monkeypatch.setattr("twinhead.runs.articles.write", lambda *each: written.append(each))
    assert articles.main([]) == 1
    ((titles, runs),) = written
    assert titles == articles.ARTICLES
    assert [run.experiment.name for run in runs] == list(articles.EXPERIMENTS)


def test_every_word_is_checked_before_anything_is_run(monkeypatch):
    monkeypatch.setattr(several, "execute", lambda *_: pytest.fail("nothing may run"))
    # The first has sizes, the others have not.
    with pytest.raises(InputError, match="sizes"):
        articles.main(["sizes=[1,2]"])


def test_the_last_run_of_reproduce_is_on_the_articles_features(monkeypatch, tmp_path):
    """So its answer ends the output, and `latest` points to it."""
    names = []

    def executed(experiment, settings):
        names.append(settings.data.name)
        return Run(experiment, tmp_path, len(names))

    monkeypatch.setattr(several, "execute", executed)
    assert reproduce.main(["epochs=1"]) == 2
    assert names == ["breast_cancer", "catdog"]
    with pytest.raises(InputError, match="twinhead equivalence data=file"):
        reproduce.main(["data=file"])
