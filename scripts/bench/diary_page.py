"""The diary's page in a real browser: what it looks like, and whether everybody can read it.

Writes the page of 60 synthetic nights, takes a screenshot of it in headless Chromium, prints it
there, lets axe look for barriers, and lists what the page fetches. Needs Chromium, and axe-core,
which npm fetches:

    npm install --prefix build/axe axe-core
    python -m scripts.bench.diary_page [--into build/page]

The picture in the README is of rehearsals on audio, which another script leads through:

    python -m scripts.bench.diary_heard --into build/heard
    python -m scripts.bench.diary_page --diary build/heard --picture scripts/bench/diary.png
"""

from __future__ import annotations

import argparse
import html
import json
import re
import shutil
import subprocess
import sys
import tempfile
from datetime import date, datetime, timezone
from pathlib import Path
from typing import Any, Final

from PIL import Image

from scripts.bench.diary_nights import nights
from voice_coach.content.loader import load_protocol
from voice_coach.diary.charts import charts
from voice_coach.diary.figures import figures
from voice_coach.diary.paper import to_pdf
from voice_coach.diary.prevention import prevention
from voice_coach.diary.report import report
from voice_coach.diary.store import Diary
from voice_coach.diary.webpage import to_html

ROOT: Final = Path(__file__).parents[2]
AXE: Final = ROOT / "build" / "axe" / "node_modules" / "axe-core" / "axe.min.js"

_WIDE, _HIGH = 600, 1500
"""Pixels of the picture in the README."""

_CHROMIUM: Final = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--hide-scrollbars", "--host-resolver-rules=MAP * ~NOTFOUND",
)  # fmt: skip

_RUN: Final = """
<script>{axe}</script>
<script>
  axe.run().then(found => {{
    const box = document.createElement("pre");
    box.id = "axe";
    box.textContent = JSON.stringify({{
      fetched: performance.getEntriesByType("resource").map(one => one.name),
      passes: found.passes.length,
      violations: found.violations.map(v => ({{
        id: v.id, impact: v.impact, help: v.help, nodes: v.nodes.map(n => n.html.slice(0, 200)),
      }})),
    }});
    document.body.append(box);
  }});
</script>
"""


def chromium() -> str | None:
    """The browser, where there is one."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


def page(count: int = 60, folder: Path | None = None) -> tuple[bytes, bytes]:
    """The page of so many synthetic nights, or of the diary in ``folder``: HTML and PDF."""
    until = datetime(2026, 11, 1, tzinfo=timezone.utc)
    protocol = load_protocol()
    said: tuple[str, ...] = ()
    if folder is None:
        episodes = list(nights(count, years=0.9, until=until))
    else:
        with Diary(folder) as diary:
            episodes = [episode for _, episode in diary.whole(steps=False)]
            began = [episode.began for episode in episodes]
            said = prevention(began, diary.stretchings(), until.date())
    found = figures(episodes, protocol)
    made = report(found, protocol, date(2026, 11, 1), said)
    drawn = charts(found)
    return to_html(made, drawn), to_pdf(made, drawn)


def barriers(page: bytes, browser: str) -> dict[str, Any]:
    """What axe finds in a page: the number of its ``passes``, and its ``violations``; and what the
    page has ``fetched`` or tried to fetch."""
    text = page.decode()
    # The page forbids every script, this one too, so the copy that is examined allows it.
    text = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", text)
    text = text.replace("</body>", _RUN.format(axe=AXE.read_text()) + "</body>")
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, "page.html")
        copy.write_text(text)
        shown = _browse(browser, folder, "--virtual-time-budget=20000", "--dump-dom", copy)
    found = re.search(r'<pre id="axe">(.*?)</pre>', shown, re.DOTALL)
    if found is None:
        raise RuntimeError("axe did not come to its end")
    result: dict[str, Any] = json.loads(html.unescape(found.group(1)))
    return result


def _browse(browser: str, folder: str, *arguments: str | Path) -> str:
    profile = f"--user-data-dir={folder}/profile"
    *options, file = arguments
    done = subprocess.run(
        [browser, *_CHROMIUM, profile, *map(str, options), f"file://{file}"],
        check=True, capture_output=True, text=True, timeout=180,
    )  # fmt: skip
    return done.stdout


def _shrink(source: Path, path: Path) -> None:
    """Small enough for a README: 600 pixels wide, the upper part, 256 colours."""
    with Image.open(source) as shot:
        size = (_WIDE, round(shot.height * _WIDE / shot.width))
        small = shot.convert("RGB").resize(size, Image.Resampling.LANCZOS)
    small.crop((0, 0, _WIDE, min(_HIGH, small.height))).quantize(256).save(path, optimize=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--into", type=Path, default=ROOT / "build" / "page")
    parser.add_argument("--count", type=int, default=60)
    parser.add_argument("--diary", type=Path, metavar="FOLDER", help="of this one instead")
    parser.add_argument("--picture", type=Path, metavar="FILE.png", help="a copy of the screenshot")
    args = parser.parse_args()
    into: Path = args.into.absolute()
    into.mkdir(parents=True, exist_ok=True)
    as_html, as_pdf = page(args.count, args.diary)
    (into / "diary.html").write_bytes(as_html)
    (into / "diary.pdf").write_bytes(as_pdf)
    browser = chromium()
    if browser is None:
        print("There is no Chromium here; install it to see the page (apt-get install chromium).")
        return 1
    with tempfile.TemporaryDirectory() as folder:
        shot = ("--window-size=900,2600", f"--screenshot={into}/diary.png")
        _browse(browser, folder, *shot, into / "diary.html")
        if args.picture is not None:
            _shrink(into / "diary.png", args.picture)
        narrow = ("--window-size=500,1200", f"--screenshot={into}/diary-narrow.png")
        _browse(browser, folder, *narrow, into / "diary.html")
        paper = ("--no-pdf-header-footer", f"--print-to-pdf={into}/printed.pdf")
        _browse(browser, folder, *paper, into / "diary.html")
    print(f"Look at what is in {into}.")
    if not AXE.is_file():
        print("axe is not here; fetch it with: npm install --prefix build/axe axe-core")
        return 1
    found = barriers(as_html, browser)
    print(f"axe: {found['passes']} rules passed, {len(found['violations'])} violations")
    print(f"fetched: {', '.join(found['fetched']) or 'nothing'}")
    for one in found["violations"]:
        print(f"{one['impact']}: {one['id']}: {one['help']}")
        print("\n".join(f"    {node}" for node in one["nodes"][:5]))
    return 1 if found["violations"] or found["fetched"] else 0


if __name__ == "__main__":
    sys.exit(main())
