"""The definition for Meltano Hub, in Meltano projects that have nothing else of the tap."""

from __future__ import annotations

import json
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING

import pytest
from ruamel.yaml import YAML

from tap_mux.streams import ALL_STREAMS
from tests.support.loaders import ROOT, meltano
from tests.support.records import HOUR, NOW, view
from tests.support.tapping import messages
from tools import hub

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mux_sandbox import ExplicitWorld, Sandbox

HIDDEN = "very-secret"
SECRETS = {
    "TAP_MUX_ENVIRONMENTS": f'[{{"name": "one", "token_id": "id", "token_secret": "{HIDDEN}"}}]',
    "TAP_MUX_TOKEN_SECRET": HIDDEN,
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A Meltano project without plugins."""
    folder = tmp_path / "project"
    folder.mkdir()
    content = "project_id: another\nsend_anonymous_usage_stats: false\nenvironments: [name: dev]\n"
    (folder / "meltano.yml").write_text(content)
    return folder


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """Serve the files of a folder by HTTP; give the URL."""
    handler = partial(SimpleHTTPRequestHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def test_added_from_the_file_it_runs_and_shows_no_secret(
    world: ExplicitWorld, sandbox: Sandbox, project: Path, tmp_path: Path
) -> None:
    world.view_rows = [view("a", NOW - HOUR)]
    definition = YAML(typ="safe").load(hub.FILE)
    definition["pip_url"] = f"-e {ROOT}"  # what is on PyPI is another version
    YAML().dump(definition, tmp_path / "definition.yml")
    meltano(project, "add", "--from-ref=../definition.yml", "tap-mux")
    environ = {
        **sandbox.environ,
        "TAP_MUX_RATE_LIMIT_RESERVE": "0.25",
        "TAP_MUX_MAX_REQUESTS_PER_SECOND": "99.5",
        "TAP_MUX__SELECT": '["video_views.*"]',  # --from-ref does not take over what is selected
    }
    done = meltano(project, "--environment=dev", "invoke", "tap-mux", **environ)
    written = messages(done.stdout)
    assert [each["record"]["id"] for each in written if each["type"] == "RECORD"] == ["a"]
    assert written[-1]["type"] == "STATE"
    shown = meltano(project, "config", "print", "tap-mux", **SECRETS)
    assert json.loads(shown.stdout).keys() >= {"environments", "token_secret", "api_url"}
    assert HIDDEN not in shown.stdout + shown.stderr


@pytest.mark.slow
def test_added_from_the_hub_it_reads_the_default_streams(project: Path, tmp_path: Path) -> None:
    definition = YAML(typ="safe").load(hub.FILE)
    variant = definition["variant"]
    with serving(tmp_path) as url:
        variants = {variant: {"ref": f"{url}/definition"}}
        entry = {"logo_url": "", "default_variant": variant, "variants": variants}
        (tmp_path / "plugins" / "extractors").mkdir(parents=True)
        (tmp_path / "plugins" / "extractors" / "index").write_text(json.dumps({"tap-mux": entry}))
        (tmp_path / "definition").write_text(json.dumps(definition))
        where = {"MELTANO_HUB_API_ROOT": url, "XDG_CACHE_HOME": str(tmp_path)}
        meltano(project, "add", "--no-install", "tap-mux", **where)
    extras = json.loads(meltano(project, "config", "print", "--extras", "tap-mux").stdout)
    names = {stream.name for stream in ALL_STREAMS if stream.selected_by_default}
    assert set(extras["_select"]) == {f"{name}.*" for name in names}
