from html.parser import HTMLParser

from ringfence.clock import Instant
from ringfence.detect.alert import Alert
from ringfence.detect.chart import Chart, Series
from ringfence.detect.charted import in_words, page, sparkline

SERIES = Series("tries", (0.0, 1.0, 0.0, 8.0), 0.5, 8.0)
CHART = Chart(Instant(1_800_000_000.0), 100.0, 3, (SERIES,), complete=False)


def test_a_line_of_blocks_shows_every_bar_that_is_there() -> None:
    assert sparkline(SERIES) == " ▁ █"
    assert sparkline(Series("x", (0.0, 0.0), 0, 0)) == "  "
    assert in_words(SERIES, CHART) == "tries: usually 0.5 in 1.66667 min, then up to 8"


class Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.append(tag)


def test_the_page_is_whole_and_what_came_from_outside_is_text() -> None:
    hostile = '<script>alert(1)</script>"\x1b[31m'
    alert = Alert(
        "alert_1", "r", Instant(1.0), 1, "high", "alert", hostile, {"network": hostile}, {"tries": 8}, hostile, ()
    )
    made = page(alert, CHART, 1)
    reader = Reader()
    reader.feed(made)
    assert "script" not in reader.tags
    assert reader.tags.count("rect") == 2
    assert "\x1b" not in made.split("<dl>")[1]
    assert "default-src 'none'" in made
    assert "Older events were not looked at" in made
    assert 'aria-label="tries: usually' in made
