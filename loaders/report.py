"""Write a web page with charts of what is loaded: one file, which needs no network."""

from __future__ import annotations

import json
import os
import sys
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

import vl_convert

from loaders.charts import CHARTS, draw
from loaders.database import opened

if TYPE_CHECKING:
    from loaders.charts import Spec
    from loaders.database import Database

PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ margin: 0 auto; max-width: 1360px; padding: 0 16px 32px; color: #222;
  font: 15px/1.4 system-ui, sans-serif; }}
main {{ display: grid; gap: 16px;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 520px), 1fr)); }}
section {{ min-width: 0; border: 1px solid #ddd; border-radius: 8px; padding: 12px 16px; }}
section:first-child {{ grid-column: 1 / -1; }}
h1 {{ font-size: 22px; margin-bottom: 0; }}
h2 {{ font-size: 17px; margin: 0; }}
p {{ margin: 0 0 12px; color: #666; font-size: 13px; overflow-wrap: anywhere; }}
p.nothing {{ color: #a33; font-size: 15px; }}
.chart {{ display: block; width: 100%; }}
</style>
</head>
<body>
<h1>{title}</h1>
<p>{source}</p>
<main>
{sections}
</main>
<script type="application/json" id="specs">{specs}</script>
<script>{library}</script>
<script>
const specs = JSON.parse(document.getElementById("specs").textContent);
for (const [id, spec] of Object.entries(specs)) {{
  vegaEmbed("#" + id, spec, {{actions: false, renderer: "svg"}});
}}
</script>
</body>
</html>
"""
SECTION = """\
<section>
<h2>{title}</h2>
<p>{note}</p>
{content}
</section>"""
LOOK = {
    "font": "system-ui, sans-serif",
    "axis": {"labelFontSize": 12, "titleFontSize": 12},
    "legend": {"labelFontSize": 12},
    "view": {"stroke": None},
}


def main(path: str, target: str) -> None:
    """Write the page."""
    with opened(path) as database:
        page = written(path, database)
    Path(target).write_text(page, encoding="utf-8")
    sys.stdout.write(f"Charts of it, for your browser: {target}\n")


def written(path: str, database: Database) -> str:
    """Return the page."""
    specs: dict[str, Spec] = {}
    sections = []
    for number, chart in enumerate(CHARTS, 1):
        drawn = draw(chart, database)
        if isinstance(drawn, str):
            content = f'<p class="nothing">{escape(drawn)}</p>'
        else:
            name = f"chart-{number}"
            specs[name] = drawn | {"config": LOOK}
            content = f'<div class="chart" id="{name}"></div>'
        sections.append(
            SECTION.format(title=escape(chart.title), note=escape(chart.note), content=content)
        )
    environment = os.environ.get("MELTANO_ENVIRONMENT", "")
    return PAGE.format(
        title=escape(f"Mux {environment}".strip()),
        source=escape(f"Read from {path}."),
        sections="\n".join(sections),
        # A text such as </script> must not end the element.
        specs=json.dumps(specs).replace("<", "\\u003c"),
        library=vl_convert.javascript_bundle(),
    )


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
