"""A browser and node, where they are installed; tests that need one are skipped where it is not."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from twinhead.cli.composing import compose
from twinhead.runs.execute import execute
from twinhead.runs.experiment import Experiment

HERE = Path(__file__).parent
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="session")
def explored(tmp_path_factory):
    """A run with an explorer whose losses it can be held against: float64, real rows."""
    words = (
        "data=breast_cancer precision=float64 lr_ratios=[1,1.9,2,2.1] seeds=[0,1] epochs=12 "
        f"learning_rate=0.05 progress=false outputs={tmp_path_factory.mktemp('explored')}"
    )
    experiment = Experiment("lr_ratio")
    settings = compose("experiment/lr_ratio", experiment.Settings, words.split())
    return execute(experiment, settings).folder


@pytest.fixture
def ask():
    """Ask the trainer of an explorer's page; returns an answer for each question."""
    if shutil.which("node") is None:
        pytest.skip("needs node, which runs the page's trainer")

    def asked(page, *questions):
        done = subprocess.run(
            ["node", HERE / "trainer.mjs", page],
            input=json.dumps(questions),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return asked


@pytest.fixture(scope="session")
def browser():
    """Start Debian's Chromium; nothing is downloaded for it."""
    if CHROMIUM is None:
        pytest.skip("needs chromium")
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture
def visit(browser):
    """Open a file at a width and in a scheme; what it asks for and complains of is kept on it."""
    contexts = []

    def visited(path, width=1280, scheme="light"):
        height = 844 if width < 500 else 800
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme
        )
        contexts.append(context)
        page = context.new_page()
        page.complaints, page.requests = [], []
        page.on("console", lambda said: page.complaints.append(said.text))
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.on("request", lambda request: page.requests.append(request.url))
        page.goto(Path(path).resolve().as_uri())
        return page

    yield visited
    for context in contexts:
        context.close()
