"""One page over several runs: every claim, number and picture under the article it is about."""

import html
import re

import pytest

from twinhead.cli import several
from twinhead.cli.commands import articles, reproduce
from twinhead.errors import InputError
from twinhead.pages import articles as pages
from twinhead.results.claim import ControlVerdict, Verdict
from twinhead.results.published import published
from twinhead.runs.articles import write
from twinhead.runs.execute import Run

SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"/>'
TITLES = {"001": "One", "003": "Three"}


def verdict(id, source, outcome="holds"):
    return Verdict(
        **{"id": id, "name": f"claim {id}", "group": "All", "claim": f"claim {id}"},
        **{"source": source, "expected": 0, "measured": 1e-9, "tolerance": 1e-6, "data": ""},
        **{"comparison": "equal", "reason": "", "verdict": outcome},
        control=ControlVerdict("the article's", float("inf"), "fails"),
    )


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
        "figures": {"first": SVG, "second": SVG},
    }
    return pages.Findings(**(known | changes))


def written(*found):
    """Return the text of each article's page."""
    articles = pages.gather(TITLES, found or [findings()])
    return {article.number: pages.page(article, articles) for article in articles}


def test_a_claim_stands_under_every_article_that_its_source_names():
    found = written()
    assert list(found) == ["001", "003"]
    for article, claims in (("001", ["1"]), ("003", ["1", "2"])):
        assert re.findall(r'id="numerics-claim-(\d)"', found[article]) == claims


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("article 003, section 1", {"003"}),
        ("Articles 002 and 003.", {"002", "003"}),
        ("a tolerance of 0.001, in 1003 draws", set()),
    ],
)
def test_articles_are_told_from_other_numbers(text, named):
    assert pages.mentioned(text) == named


def test_printed_and_measured_stand_side_by_side_with_their_digits():
    found = written()
    assert "softmax([123, 456, 789])[0]" in found["003"]
    cells = re.findall(r"<span>(5\.\d+e-290)</span>", found["003"])
    assert cells == ["5.75274406e-290", "5.752744056e-290"]
    assert "an input" not in found["001"]
    assert "Not measured: 1 printed" in found["001"]


def test_what_fails_comes_first_and_is_counted():
    rows = [row("003", "softmax([123, 456, 789])[0]", "fails"), row("003", "another")]
    text = written(findings(rows=rows))["003"]
    assert "1 of 2 claims about it hold; 1 of 2 results that it prints come out again." in text
    wrong, parts = text.index('id="wrong"'), text.index('<section id="numerics"')
    assert wrong < text.index('id="misses"') < parts
    assert wrong < text.index('href="#numerics-claim-2"') < parts


def test_an_erratum_is_told_from_what_nobody_can_explain():
    known = next(each for each in published("001") if each.erratum and each.kind == "result")
    rows = [row("001", known.quantity, "fails"), row("001", "unheard of", "fails")]
    (one, _) = pages.gather(TITLES, [findings(rows=rows)])
    assert [each["quantity"] for each in one.errata] == [known.quantity]
    assert [each["quantity"] for each in one.misses] == ["unheard of"]


def test_every_picture_is_there_once():
    found = written()
    # The second has no article of its own and goes to the one that most claims are about.
    for article, own, other in (("001", "first", "second"), ("003", "second", "first")):
        assert f'<figure id="numerics-{own}"' in found[article]
        assert f'id="numerics-{other}"' not in found[article]


def test_notes_stand_under_their_article_alone():
    found = written()
    assert "imprecise here" in found["001"]
    assert "imprecise here" not in found["003"]
    assert "about no article" not in found["001"] + found["003"]


def test_an_experiment_that_says_nothing_about_an_article_is_not_on_its_page():
    silent = findings(
        name="tasks", title="Kinds of task", verdicts=[], rows=[], figures={}, notes=()
    )
    found = written(findings(), silent)
    assert "Kinds of task" not in found["001"] + found["003"]


def test_the_pages_are_written_from_the_runs_folders_and_open_offline(run):
    finished = run("tasks")
    overview = write(articles.ARTICLES, [finished])
    assert overview == finished.folder.parents[1] / "articles/articles.html"
    texts = {path.stem: path.read_text(encoding="utf-8") for path in overview.parent.glob("*.html")}
    assert set(texts) == {"articles", *articles.ARTICLES}
    results = {each.quantity for each in published(experiment="tasks") if each.kind == "result"}
    assert all(html.escape(quantity) in "".join(texts.values()) for quantity in results)
    for name, text in texts.items():
        assert not re.findall(r'(?:href|src)="https?:', text)
        links = re.findall(r'(?:href|src)="([^"#][^"#]*)', text)
        assert links
        for link in links:
            assert (overview.parent / link).exists(), f"{name}: {link}"
    assert sum(text.count('class="drawing"') for text in texts.values()) == 3

    overview.write_text("old")
    assert write(articles.ARTICLES, [finished]) == overview
    assert overview.read_text(encoding="utf-8") == texts["articles"]
    assert not list(overview.parents[1].glob(".partial-*"))


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
