"""A chart as people see it: a line of blocks in a terminal, a page with a picture in a browser.  HTML; WCAG 2.2 §1.1.1."""

from datetime import UTC, datetime
from html import escape
from typing import Final

from ringfence.detect.alert import Alert
from ringfence.detect.chart import Chart, Series

BLOCKS: Final = " ▁▂▃▄▅▆▇█"
WIDTH: Final = 720
HEIGHT: Final = 120
USUAL_COLOUR: Final = "#5b7083"
ALERT_COLOUR: Final = "#b3261e"

_PAGE: Final = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{title}</title>
<style>
body {{ font: 1rem/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 46rem; padding: 0 1rem; color: #17212b; background: #fff }}
h1 {{ font-size: 1.4rem }} h2 {{ font-size: 1rem; margin: 1.5rem 0 .25rem }}
svg {{ width: 100%; height: auto; background: #f4f6f8 }}
dl {{ display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem }} dt {{ color: #44515e }} dd {{ margin: 0; overflow-wrap: anywhere }}
</style>
<h1>{title}</h1>
<p>{explanation}</p>
<dl>{facts}</dl>
{pictures}
<p>Dark red: the window in which the alert was raised, and what came after. Grey: what was usual.{incomplete}</p>
</html>
"""


def sparkline(series: Series) -> str:
    """Return the bars as one line of block characters; an empty bucket is a blank, whatever is in it shows."""
    top = max(series.bars) or 1.0
    return "".join(BLOCKS[0 if not bar else max(1, round(bar / top * (len(BLOCKS) - 1)))] for bar in series.bars)


def in_words(series: Series, chart: Chart) -> str:
    """Return what the picture shows."""
    return (
        f"{series.measure}: usually {series.usual:g} in {_duration(chart.bucket_seconds)}, then up to {series.peak:g}"
    )


def page(alert: Alert, drawn: Chart, within: int) -> str:
    """Return a whole page about an alert, which needs neither script nor network.

    Args:
        alert: what was raised; whatever in it came from outside is escaped.
        drawn: its chart.
        within: buckets that belong to the window of the alert.
    """
    facts = {
        "alert": alert.alert_id,
        "rule": f"{alert.rule} ({alert.level})",
        "raised at": _moment(alert.at),
        **{name: value for name, value in alert.group.items()},  # noqa: C416 - a copy is what is wanted
        **{name: f"{number:g}" for name, number in alert.measures.items()},
    }
    return _PAGE.format(
        title=escape(alert.title),
        explanation=escape(alert.explanation),
        facts="".join(f"<dt>{escape(name)}</dt><dd>{escape(_visible(value))}</dd>" for name, value in facts.items()),
        pictures="\n".join(_picture(series, drawn, within) for series in drawn.series),
        incomplete="" if drawn.complete else " Older events were not looked at: the left of it may lack some.",
    )


def _picture(series: Series, drawn: Chart, within: int) -> str:
    top = max(series.bars) or 1.0
    wide = WIDTH / len(series.bars)
    bars = []
    for number, bar in enumerate(series.bars):
        if not bar:
            continue
        high = max(2.0, bar / top * (HEIGHT - 10))
        colour = ALERT_COLOUR if number > drawn.raised - within else USUAL_COLOUR
        bars.append(
            f'<rect x="{number * wide:.1f}" y="{HEIGHT - high:.1f}" width="{max(1.0, wide - 1):.1f}" height="{high:.1f}" fill="{colour}"/>'
        )
    said = escape(in_words(series, drawn))
    ends = drawn.begins_at + drawn.bucket_seconds * len(series.bars)
    times = f"{_moment(drawn.begins_at)} to {_moment(ends)}"
    return (
        f'<h2>{escape(series.measure)}</h2>\n<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{said}">'
        f"{''.join(bars)}</svg>\n<p>{said}; {times}.</p>"
    )


def _visible(text: str) -> str:
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text)


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _duration(seconds: float) -> str:
    for size, word in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:g} {word}"
    return f"{seconds:g} s"
