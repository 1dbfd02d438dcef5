"""One page over several runs: every claim, number and picture under the article it is about."""

import re

import articles
import pytest

from twinhead import report, runs
from twinhead.errors import InputError

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
    number = {"printed": "5.75274406e-290", "measured": "5.752744056e-290", "tolerance": "5e-299"}
    return {"article": article, "place": "", "quantity": quantity, **number} | {
        "verdict": outcome,
        "remark": "",
    }


def answer(**changes):
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
    return report.Answer(**(known | changes))


def sections(page):
    """Return the text of each article's section."""
    return dict(re.findall(r'<section id="article-(\d+)">(.*?)</section>', page, re.DOTALL))


def test_a_claim_stands_under_every_article_that_its_source_names():
    found = sections(report.articles_page("All", TITLES, [answer()]))
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
    found = sections(report.articles_page("All", TITLES, [answer()]))
    assert "softmax([123, 456, 789])[0]" in found["003"]
    assert re.search(r"5\.75274406e-290</td>\s*<td class=\"n\">5\.752744056e-290", found["003"])
    assert "an input" not in found["001"]
    assert "Not measured: 1 printed" in found["001"]


def test_every_picture_is_there_once_and_linked_from_the_other_article():
    page = report.articles_page("All", TITLES, [answer()])
    found = sections(page)
    assert page.count("data:image/svg+xml;base64,") == 2
    # The second has no article of its own and goes to the one that most claims are about.
    for article, own, other in (("001", "first", "second"), ("003", "second", "first")):
        assert f'id="numerics-{own}"' in found[article]
        assert f'href="#numerics-{other}"' in found[article]


def test_notes_stand_under_their_article_alone():
    found = sections(report.articles_page("All", TITLES, [answer()]))
    assert "imprecise here" in found["001"]
    assert "imprecise here" not in found["003"]
    assert "about no article" not in found["001"] + found["003"]


def test_an_experiment_that_says_nothing_about_an_article_is_not_in_its_section():
    silent = answer(name="tasks", title="Kinds of task", verdicts=[], rows=[], figures={}, notes=())
    found = sections(report.articles_page("All", TITLES, [answer(), silent]))
    assert "Kinds of task" not in found["001"] + found["003"]


def test_the_page_is_written_from_the_runs_folders_and_opens_offline(tmp_path, capsys):
    words = ["draws=20", "sizes=[1,100]", "progress=false", f"outputs={tmp_path}"]
    page, code = articles.run(("numerics",), words)
    assert code == 0
    assert page == tmp_path / runs.ARTICLES_PAGE
    text = page.read_text(encoding="utf-8")
    assert set(sections(text)) == set(articles.ARTICLES)
    assert "https://" not in text
    assert "http://" not in text
    assert text.count("data:image/svg+xml;base64,") == 3
    links = re.findall(r'href="(\.\./[^"]+)"', text)
    assert links
    assert all((page.parent / link).exists() for link in links)

    page.write_text("old")
    assert articles.run(("numerics",), words) == (page, 0)
    assert "Found finished" in capsys.readouterr().out
    assert page.read_text(encoding="utf-8") == text
    assert not list(tmp_path.glob(".partial-*"))


def test_a_page_that_cannot_be_made_leaves_the_old_one(tmp_path, monkeypatch):
    page = tmp_path / runs.ARTICLES_PAGE
    page.parent.mkdir()
    page.write_text("old")

    def breaks(self, *_, **__):
        raise OSError("disk full")

    with monkeypatch.context() as patched:
        patched.setattr("pathlib.Path.write_text", breaks)
        with pytest.raises(OSError, match="disk full"):
            runs.write_articles(tmp_path, articles.ARTICLES, [])
    assert page.read_text() == "old"
    assert not list(tmp_path.glob(".partial-*"))


def test_the_largest_exit_code_counts_and_the_page_is_written_all_the_same(monkeypatch, tmp_path):
    codes = iter([0, 1, 0])
    monkeypatch.setattr(runs, "execute", lambda *_: runs.Run(tmp_path, next(codes)))
    written = []
    monkeypatch.setattr(runs, "write_articles", lambda *each: written.append(each) or tmp_path)
    _, code = articles.run(("numerics", "gradients", "activations"), [])
    assert code == 1
    assert len(written) == 1


def test_every_word_is_checked_before_anything_is_run(monkeypatch):
    monkeypatch.setattr(runs, "execute", lambda *_: pytest.fail("nothing may run"))
    # The first has draws, the last has not.
    with pytest.raises(InputError, match="draws"):
        articles.run(("numerics", "gradients", "activations"), ["draws=50"])
