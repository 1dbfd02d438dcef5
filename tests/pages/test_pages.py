"""Every kind of page in a browser: at the desk and on a phone, in light and in dark."""

import json
import re
import shutil
from pathlib import Path
from urllib.parse import unquote, urlparse

import pytest
import yaml

from twinhead.cli.commands.articles import ARTICLES, EXPERIMENTS
from twinhead.experiments import train
from twinhead.results import history
from twinhead.runs import articles, index, sweep

AUDIT = (Path(__file__).parent / "audit.js").read_text(encoding="utf-8")
LOOKS = [(1280, "light"), (1280, "dark"), (390, "light"), (390, "dark"), (320, "light")]
OPEN_ALL = "document.querySelectorAll('details').forEach(each => each.open = true)"


@pytest.fixture(scope="session")
def pages(run, explored):
    """Every kind of page there is: name -> file, made when it is asked for."""

    class Pages(dict):
        def __missing__(self, name):
            self[name] = MAKE[name](run, explored)
            return self[name]

    return Pages()


def all_jobs(run, _):
    ratios = (1, 2, 4)
    runs = [run("train", "head=sigmoid", f"lr_ratio={ratio}") for ratio in ratios]
    read = [yaml.safe_load((each.folder / "config.yaml").read_text()) for each in runs]
    sweep.gather(runs[0].experiment, [train.Settings(**each) for each in read], runs)
    return max(runs[0].folder.parent.glob("sweep-*")) / "report.html"


def article(number):
    def made(run, _):
        overview = articles.write(ARTICLES, [run(name) for name in EXPERIMENTS])
        return overview.parent / f"{number}.html" if number else overview

    return made


def all_runs(run, _):
    outputs = {run(name).folder.parents[1] for name in ("equivalence", "numerics")}
    return index.write(outputs.pop())


MAKE = {
    "several seeds, surrogate": lambda run, _: run("equivalence").folder / "report.html",
    "failing": lambda run, _: run("equivalence", "lr_ratio=1.9").folder / "report.html",
    "without arms": lambda run, _: run("numerics").folder / "report.html",
    "without claims": lambda run, _: run("train").folder / "report.html",
    "many arms, with explorer": lambda _, explored: explored / "report.html",
    "explorer of a run": lambda _, explored: explored / "explore.html",
    "all jobs of a multirun": all_jobs,
    "all articles": article(None),
    "an article": article("004"),
    "all runs": all_runs,
}


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
@pytest.mark.parametrize("name", MAKE)
def test_a_page_is_sound(visit, pages, name, width, scheme):
    page = visit(pages[name], width, scheme)
    page.wait_for_timeout(100)
    assert page.evaluate(AUDIT) == []
    page.evaluate(OPEN_ALL)
    assert page.evaluate(AUDIT) == [], "with everything open"
    assert page.complaints == []
    for address in page.requests:
        # The page over all runs shows their pictures, which lie beside it.
        assert urlparse(address).scheme in ("file", "data")
        assert Path(unquote(urlparse(address).path)).is_relative_to(pages[name].parent)


@pytest.mark.parametrize("name", MAKE)
def test_every_link_leads_to_a_file_that_is_there(pages, name):
    page = pages[name]
    links = re.findall(r'(?:href|src)="([^"#][^"]*)"', page.read_text(encoding="utf-8"))
    links = [link for link in links if not link.startswith("data:")]
    if name != "explorer of a run":
        assert len(links) > 5
    for link in links:
        file, _, place = link.partition("#")
        assert (page.parent / file).exists(), link
        assert not place or f'id="{place}"' in (page.parent / file).read_text(), link


def test_everything_that_answers_is_above_the_fold(visit, pages):
    for width, height in ((1280, 800), (390, 844)):
        page = visit(pages["several seeds, surrogate"], width)
        for what in ("h1", ".answer", ".counts", ".data.made-up", ".hero .drawing"):
            box = page.locator(what).first.bounding_box()
            assert box["y"] + box["height"] <= height, f"{what} at {width} px"


def test_the_answer_is_that_of_the_files(visit, pages):
    folder = pages["several seeds, surrogate"].parent
    about = json.loads((folder / "answer.json").read_text())
    page = visit(pages["several seeds, surrogate"])
    counts = [int(text) for text in page.locator(".counts b").all_inner_texts()]
    assert counts == list(about["counts"].values())
    assert sum(counts) == page.locator(".claim").count()
    mantissa, exponent = f"{about['number']:.2e}".split("e")
    shown = page.locator(".answer b").inner_text()
    assert re.findall(r"[\d.]+", shown.replace("−", "-")) == [mantissa, "10", str(-int(exponent))]


def test_what_fails_is_named_open_and_red(visit, pages):
    verdicts = json.loads((pages["failing"].parent / "verdicts.json").read_text())
    groups = list(dict.fromkeys(each["group"] for each in verdicts))
    verdicts.sort(key=lambda each: groups.index(each["group"]))
    failing = [each["id"] for each in verdicts if each["verdict"] == "fails"]
    assert failing
    page = visit(pages["failing"])
    opened = page.locator(".claim[open]").evaluate_all("all => all.map(each => each.id)")
    assert opened == [f"claim-{id}" for id in failing]
    named = page.locator(".failing a").evaluate_all("all => all.map(each => each.hash)")
    assert named == [f"#claim-{id}" for id in failing[:3]]
    assert page.locator(".answer").inner_text().startswith("No")
    alarm = page.evaluate("getComputedStyle(document.querySelector('.failing')).color")
    assert (
        page.locator(".claim.fails .mark").first.evaluate("e => getComputedStyle(e).color") == alarm
    )
    sound = visit(pages["several seeds, surrogate"])
    assert sound.locator(".failing").count() == 0


def test_a_link_to_a_claim_opens_it(visit, pages):
    page = visit(pages["several seeds, surrogate"])
    assert page.locator("#claim-2a[open]").count() == 0
    page.evaluate("location.hash = '#claim-2a'")
    page.wait_for_selector("#claim-2a[open]")


def test_on_a_strip_the_dot_lies_on_the_range_and_the_cross_does_not(visit, pages):
    page = visit(pages["several seeds, surrogate"])
    # An identity has no control.
    held = page.locator(".claim.holds", has=page.locator(".cross"))
    marks = held.evaluate_all("""all => all.map(claim => {
      const box = name => claim.querySelector(name).getBoundingClientRect();
      const at = name => [box(name).left, box(name).right];
      return [at(".band"), at(".measured"), at(".cross")].map(([l, r]) => [l, r, (l + r) / 2]);
    })""")
    assert len(marks) > 5
    for (left, right, _), (*_, dot), (*_, cross) in marks:
        assert left <= dot <= right
        assert not left <= cross <= right


def test_pictures_take_the_colours_of_the_scheme(visit, pages):
    seen = {}
    for scheme in ("light", "dark"):
        page = visit(pages["several seeds, surrogate"], scheme=scheme)
        seen[scheme] = page.evaluate("""() => {
          const svg = document.querySelector(".hero .drawing svg");
          return [...svg.querySelectorAll("path, use")].map(each => getComputedStyle(each).stroke);
        }""")
    colours = {"light": "rgb(213, 94, 0)", "dark": "rgb(240, 128, 60)"}
    for scheme, colour in colours.items():
        assert colour in seen[scheme]
        assert colours["dark" if scheme == "light" else "light"] not in seen[scheme]


def test_the_runs_are_filtered_and_the_newest_is_first(visit, pages):
    page = visit(pages["all runs"])
    times = page.locator(".runs time").evaluate_all("all => all.map(each => each.dateTime)")
    assert times == sorted(times, reverse=True)
    shown = page.locator(".runs > li:visible")
    every = shown.count()
    page.locator("select[name=experiment]").select_option("numerics")
    assert 0 < shown.count() < every
    assert set(shown.evaluate_all("all => all.map(each => each.dataset.experiment)")) == {
        "numerics"
    }
    page.locator("select[name=experiment]").select_option("")
    assert shown.count() == every


def test_a_damaged_run_is_left_out_of_the_page_over_all_runs(pages, tmp_path):
    folder = pages["failing"].parent
    for name, text in (("whole", None), ("cut", '{"experiment"'), ("old", "{}")):
        shutil.copytree(folder, tmp_path / "equivalence" / name)
        if text is not None:
            (tmp_path / "equivalence" / name / "answer.json").write_text(text)
    page = index.write(tmp_path).read_text()
    assert "equivalence/whole/report.html" in page
    assert "equivalence/cut" not in page
    assert "equivalence/old" not in page


def test_the_explorers_numbers_are_the_historys(visit, pages, explored):
    measured = history.load(explored / "history.h5")
    record = measured.one(head="sigmoid", lr_ratio=1.9, seed=1)
    page = visit(pages["explorer of a run"])
    steps = int(page.locator("#step").get_attribute("max"))
    epochs = len(record.loss()) - 1
    for epoch in (epochs, 1):
        page.evaluate(f"location.hash = '#ratio=1.9&seed=1&step={epoch * steps // epochs}'")
        page.wait_for_timeout(50)
        two = measured.one(head="softmax", lr_ratio=1.0, seed=1).loss()[epoch]
        assert page.locator("#loss-out").inner_text() == f"{two:.4f} and {record.loss()[epoch]:.4f}"
        gap = abs(record.series["validation", "loss_gap"][epoch])
        assert float(page.locator("#gap-out b").inner_text()) == pytest.approx(gap, rel=0.05)
    assert "They part" in page.locator("#verdict").inner_text()


def test_the_ratio_snaps_to_twice_and_the_keyboard_leaves_it(visit, pages):
    page = visit(pages["explorer of a run"])
    slider = page.locator("#ratio").bounding_box()
    y = slider["y"] + slider["height"] / 2
    place = slider["x"] + 8 + (slider["width"] - 16) * 2 / 3
    page.mouse.move(slider["x"] + slider["width"] / 2, y)
    page.mouse.down()
    page.mouse.move(place + 6, y, steps=5)
    page.mouse.up()
    page.wait_for_timeout(100)
    assert page.locator("#ratio-out").inner_text() == "2 × softmax’s"
    assert "cannot be told apart" in page.locator("#verdict").inner_text()
    page.locator("#ratio").focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_timeout(100)
    assert page.locator("#ratio-out").inner_text() == "2.07 × softmax’s"
    assert "They part" in page.locator("#verdict").inner_text()


def test_the_three_stops_lead_through_and_halving_mends(visit, pages):
    page = visit(pages["explorer of a run"])
    page.emulate_media(reduced_motion="reduce")
    for stop, said in ((0, "They part"), (1, "cannot be told apart"), (2, "They part")):
        page.locator(f"[data-stop='{stop}']").click()
        assert said in page.locator("#verdict").inner_text()
        pressed = page.locator("[aria-pressed=true]")
        assert pressed.evaluate_all("all => all.map(each => each.dataset.stop)") == [str(stop)]
    page.locator("#halve").click()
    assert "cannot be told apart" in page.locator("#verdict").inner_text()


def test_the_address_holds_the_state_and_nonsense_falls_back(visit, pages):
    page = visit(pages["explorer of a run"])
    page.get_by_text("Adam", exact=True).click()
    page.locator("#next").click()
    page.wait_for_timeout(400)
    kept = page.evaluate("location.hash")
    assert "optimizer=adam" in kept
    assert "step=0" in kept, "a step after the last one is the first"
    other = visit(pages["explorer of a run"])
    other.evaluate(f"location.hash = '{kept}'")
    other.wait_for_timeout(50)
    assert other.locator("[name=optimizer][value=adam]").is_checked()
    other.evaluate("location.hash = '#ratio=99&optimizer=%3Cb%3E&step=-4&seed=x&decay=1e9'")
    other.wait_for_timeout(50)
    assert other.locator("#ratio-out").inner_text() == "1 × softmax’s"
    assert other.locator("[name=optimizer][value=sgd]").is_checked()
    assert other.complaints == []


def test_play_moves_the_cursor_to_the_end(visit, pages):
    page = visit(pages["explorer of a run"])
    page.locator("#reset").click()
    assert page.locator("#step").input_value() == "0"
    page.locator("#play").click()
    page.wait_for_timeout(1000)
    assert int(page.locator("#step").input_value()) > 0
    assert page.locator("#play").inner_text() == "Pause"
    page.wait_for_function("document.getElementById('play').textContent === 'Play'", timeout=8000)
    assert page.locator("#step").input_value() == page.locator("#step").get_attribute("max")
