"""Numbers in the documents come from files, and are those of the files."""

import importlib.util

import pytest
from small import PROJECT

spec = importlib.util.spec_from_file_location("fill", PROJECT / "docs/fill.py")
fill = importlib.util.module_from_spec(spec)
spec.loader.exec_module(fill)


@pytest.mark.parametrize("page", fill.pages(), ids=lambda page: page.name)
def test_every_place_holds_what_its_file_says(page):
    text = page.read_text(encoding="utf-8")
    assert fill.fill(text) == text, "run: make docs"


def test_places_are_filled_from_rows_and_columns(tmp_path, monkeypatch):
    (tmp_path / "a.csv").write_text("who,arms,seconds\nx,1,0.1234\nx,2,123.4\ny|z,1,5\nw,3,\n")
    monkeypatch.setattr(fill, "DOCS", tmp_path)
    value = fill.fill("it is <!-- value a.csv arms=2 seconds -->?<!-- end -->.")
    assert value == "it is <!-- value a.csv arms=2 seconds -->123<!-- end -->."
    pivot = fill.fill("<!-- pivot a.csv who arms seconds -->?<!-- end -->")
    assert "| x | 0.12 | 123 |\n| y|z | 5 | – |\n\n" in pivot.replace("\\|", "|")
    table = fill.fill("<!-- table a.csv arms,who -->?<!-- end -->")
    assert "| arms | who |\n| --- | --- |\n| 1 | x |" in table


@pytest.mark.parametrize("words", ["value a.csv arms=3 seconds", "table a.csv nobody"])
def test_what_is_not_in_the_file_is_an_error(tmp_path, monkeypatch, words):
    (tmp_path / "a.csv").write_text("arms,seconds\n1,2\n")
    monkeypatch.setattr(fill, "DOCS", tmp_path)
    with pytest.raises((KeyError, ValueError)):
        fill.fill(f"<!-- {words} -->?<!-- end -->")
