"""Look at a report in headless Chromium, narrow and wide.

``uv run --group browser python -m tests.loading.browser output/report.html`` takes the Chromium or
Chrome of this machine. It fails if the console has an error, if the page asks for anything
else than itself, or if a chart is not drawn, not as wide as its place, or hard to read. It writes a
picture of the page for each width.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import sync_playwright

from loaders.charts import CHARTS

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
WIDTHS = (400, 1400)
MIN_FONT_PIXELS = 11
MEASURE = """
charts => charts.map(chart => {
  const svg = chart.querySelector("svg");
  if (!svg) return null;
  const drawn = svg.getBoundingClientRect();
  const texts = [...svg.querySelectorAll("text")].filter(
    text => text.textContent && getComputedStyle(text).opacity > 0);
  return {
    left: drawn.left, right: drawn.right, place: chart.clientWidth,
    marks: svg.querySelectorAll("[aria-roledescription='bar'], [aria-roledescription='line mark']")
      .length,
    font: Math.min(...texts.map(text => parseFloat(getComputedStyle(text).fontSize))),
    outside: texts.map(text => [text.textContent, text.getBoundingClientRect()])
      .filter(([_, box]) => box.left < drawn.left - 1 || box.right > drawn.right + 1)
      .map(([text]) => text),
  };
})
"""


def main() -> None:
    """Look at the page, and tell what is wrong."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("report", type=Path)
    report: Path = parser.parse_args().report
    programs = [found for name in BROWSERS if (found := shutil.which(name))]
    if not programs:
        sys.exit(f"No browser is installed: none of {', '.join(BROWSERS)}")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=programs[0], args=["--no-sandbox"])
        problems = [f"{width}: {text}" for width in WIDTHS for text in look(browser, report, width)]
        browser.close()
    if problems:
        sys.exit("\n".join(problems))


def look(browser: Browser, report: Path, width: int) -> list[str]:
    """Return what is wrong with the page at a width."""
    page = browser.new_page(viewport={"width": width, "height": 900})
    problems: list[str] = []
    page.on("console", lambda said: problems.append(f"console: {said.text}"))
    page.on("pageerror", lambda error: problems.append(f"error: {error}"))
    page.on("request", lambda asked: problems.append(f"request: {asked.url}"))
    page.goto(report.absolute().as_uri())
    page.wait_for_load_state("networkidle")
    itself = f"request: {report.absolute().as_uri()}"
    problems = [text for text in problems if text != itself]
    picture = report.with_name(f"{report.stem}-{width}.png")
    page.screenshot(path=picture, full_page=True)
    sys.stdout.write(f"{picture}\n")
    return problems + wrong(page, width)


def wrong(page: Page, width: int) -> list[str]:
    """Return what is wrong with the charts."""
    found = page.eval_on_selector_all(".chart", MEASURE)
    problems = [] if len(found) == len(CHARTS) else [f"{len(found)} charts"]
    for number, chart in enumerate(found, 1):
        if chart is None:
            problems.append(f"chart {number}: nothing is drawn")
            continue
        told = {
            "nothing is drawn": not chart["marks"],
            "it leaves the page": chart["left"] < 0 or chart["right"] > width,
            "it leaves room": chart["right"] - chart["left"] < 0.95 * chart["place"],
            f"its font is {chart['font']} pixels": chart["font"] < MIN_FONT_PIXELS,
            f"these texts are cut: {chart['outside']}": chart["outside"],
        }
        problems += [f"chart {number}: {text}" for text, is_so in told.items() if is_so]
    if page.evaluate("document.documentElement.scrollWidth") > width:
        problems.append("the page is wider than the window")
    return problems


if __name__ == "__main__":
    main()
