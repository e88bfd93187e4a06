"""Charts are pure: what they draw follows from the frame."""

from datetime import datetime

import polars as pl
import pytest

from app.charts import base, capacity, drift, flows, importance, points, quality, time
from app.theme import DARK, LIGHT

AT = datetime(2026, 9, 1)


@pytest.fixture(params=[LIGHT, DARK], ids=["light", "dark"])
def colours(request):
    return request.param


def features(*pairs):
    return pl.DataFrame({"label": [label for label, _ in pairs], "points": [value for _, value in pairs]})


def test_the_waterfall_runs_from_the_base_to_the_score(colours):
    trace = points.waterfall(features(("A", 0.2), ("B", -0.05)), 0.1, colours).data[0]
    assert list(trace.x) == pytest.approx([10, 20, -5, 25])
    assert list(trace.measure) == ["absolute", "relative", "relative", "total"]
    assert trace.increasing.marker.color == colours.gain


def test_the_waterfall_sums_small_features_into_one_step():
    trace = points.waterfall(features(("A", 0.2), ("B", 0.1), ("C", 0.01), ("D", -0.02)), 0.1, LIGHT, most=2).data[0]
    assert list(trace.customdata) == ["Base", "A", "B", "2 other features", "Score"]
    assert sum(trace.x[:-1]) == pytest.approx(trace.x[-1]) == pytest.approx(39)


def test_labels_that_begin_alike_stay_two_rows():
    names = ("Pricing page visits, last 7 days", "Pricing page visits, last 30 days")
    figure = points.waterfall(features((names[0], 0.2), (names[1], 0.1)), 0.1, LIGHT)
    assert list(figure.data[0].y) == [0, 1, 2, 3]
    assert list(figure.layout.yaxis.ticktext[1:3]) == [name.replace(", ", ",<br>") for name in names]


def test_a_label_too_long_for_two_lines_ends_in_an_ellipsis():
    assert base.two_lines("one two three four five six seven", 10).endswith("…")
    assert base.two_lines("short", 10) == "short"


def test_lift_is_told_where_it_beats_the_base_rate(colours):
    deciles = pl.DataFrame({"decile": [1, 2], "rate": [0.4, 0.1], "rows": [10, 10]})
    trace = quality.lift(deciles, 0.2, colours).data[0]
    assert list(trace.text) == ["2.0×", ""]
    assert list(trace.marker.color) == [colours.gain, colours.neutral]


def test_calibration_shows_intervals_where_they_are_given():
    bins = pl.DataFrame({"predicted": [0.1, 0.5], "observed": [0.12, 0.4], "rows": [90, 10]})
    assert quality.calibration(bins, LIGHT).data[1].error_y.array is None
    ranged = bins.with_columns(low=pl.col("observed") - 0.02, high=pl.col("observed") + 0.03)
    assert list(quality.calibration(ranged, LIGHT).data[1].error_y.array) == pytest.approx([0.03, 0.03])


def test_thresholds_are_named_on_the_score_histogram():
    counts = pl.DataFrame({"low": [0.0, 0.5], "high": [0.5, 1.0], "rows": [9, 1]})
    figure = quality.histogram(counts, LIGHT, {"hot": 0.6})
    assert [note.text for note in figure.layout.annotations] == ["hot"]
    assert list(figure.data[0].y) == [9, 1]


def test_capture_draws_one_line_a_curve():
    curve = pl.DataFrame({"worked": [0.0, 1.0], "found": [0.0, 1.0]})
    figure = quality.capture({"Model": curve, "Recency": curve}, LIGHT, today=0.2)
    assert [trace.name for trace in figure.data] == ["Model", "Recency"]


def test_importance_keeps_the_largest_and_colours_by_role(colours):
    frame = pl.DataFrame(
        {"label": ["a", "b", "c"], "importance": [0.1, 0.3, 0.2], "role": ["fit", "engagement", "fit"]}
    )
    does, is_ = importance.bars(frame, colours, most=2).data
    assert (list(does.customdata), list(does.y)) == (["b"], [0])
    assert (list(is_.customdata), list(is_.y)) == (["c"], [1])


def test_the_beeswarm_orders_features_by_size():
    frame = pl.DataFrame(
        {"label": ["a", "b"] * 3, "points": [0.01, 0.2] * 3, "rank": [0.1, None] * 3, "ref": ["x"] * 6}
    )
    figure = importance.beeswarm(frame, LIGHT)
    assert list(figure.layout.yaxis.ticktext) == ["b", "a"]
    assert max(figure.data[0].y) <= 0.4


def test_dependence_draws_numbers_as_dots_and_categories_as_boxes():
    dots = pl.DataFrame({"value": [1, 2], "points": [0.1, 0.2], "ref": ["a", "b"]})
    assert importance.dependence(dots, "x", LIGHT).data[0].type == "scatter"
    assert importance.dependence(dots.with_columns(value=pl.lit("NA")), "x", LIGHT).data[0].type == "box"


MOVES = pl.DataFrame({"before": ["A", "A", "B"], "after": ["A", "B", "B"], "leads": [5, 2, 7]})


def test_the_flow_colours_only_those_who_move(colours):
    link = flows.sankey(MOVES, ["A", "B"], colours, before="v1", after="v2").data[0].link
    assert list(link.value) == [5, 2, 7]
    assert link.color[0] == link.color[2] != link.color[1]


def test_the_flow_counts_both_sides():
    node = flows.sankey(MOVES, ["A", "B"], LIGHT, before="v1", after="v2").data[0].node
    assert list(node.label) == ["A  7", "B  7", "A  5", "B  9"]


def test_a_cell_of_the_matrix_names_its_move_where_it_is_clicked():
    marks = flows.matrix(MOVES, ["A", "B"], LIGHT, before="v1", after="v2").data[1]
    cells = {f"{a}{flows.TO}{b}" for a, b, n in MOVES.select("before", "after", "leads").iter_rows() if n}
    assert set(marks.customdata) == cells and marks.marker.opacity == 0


def test_wins_by_capacity_draw_both_versions_and_mark_today():
    curve = pl.DataFrame({"slots": [0.0, 1.0], "before": [0.0, 2.0], "after": [0.0, 3.0], "low": [0.0, 2.0],
                          "high": [0.0, 4.0]})  # fmt: skip
    figure = capacity.by_slots(curve, LIGHT, before="Live", after="Draft", today=1.0)
    assert [trace.name for trace in figure.data if trace.name] == ["Live", "Draft"]
    assert list(figure.data[3].y) == [0.0, 3.0] and "today: 1 a day" in figure.layout.annotations[0].text
    assert not capacity.by_slots(curve, LIGHT, before="Live", after="Draft", today=None).layout.annotations
    asked = capacity.by_slots(curve, LIGHT, before="Live", after="Draft", today=None, chosen=(0.5, 1.5))
    assert asked.layout.annotations[0].text == "0 a day" and (asked.data[-1].x, asked.data[-1].y) == ((0.5,), (1.5,))


def test_the_matrix_shades_moves_and_not_those_who_stay():
    trace = flows.matrix(MOVES, ["A", "B"], LIGHT, before="v1", after="v2").data[0]
    assert [list(row) for row in trace.z] == [[0, 2], [0, 0]]
    assert [list(row) for row in trace.text] == [["5", "2"], ["·", "7"]]


def test_the_funnel_keeps_the_order_of_stages():
    trace = flows.funnel(pl.DataFrame({"stage": ["Scored", "Won"], "leads": [100, 7]}), LIGHT).data[0]
    assert (list(trace.y), list(trace.x)) == (["Scored", "Won"], [100, 7])


def test_drift_puts_both_populations_side_by_side():
    shares = pl.DataFrame({"bucket": ["0", "1+"], "reference": [0.6, 0.4], "current": [0.3, 0.7]})
    assert [trace.name for trace in drift.overlay(shares, LIGHT, label="Visits").data] == ["Reference", "Current"]


def test_the_drift_history_leaves_absent_reports_empty():
    rows = pl.DataFrame({"label": ["a", "b"], "at": ["1", "2"], "verdict": ["drift", "stable"]})
    assert [list(row) for row in drift.history(rows, LIGHT).data[0].z] == [[1.0, None], [None, 0.0]]


def test_the_timeline_draws_late_events_hollow_and_marks_with_their_name():
    events = pl.DataFrame({"at": [AT, AT], "label": ["Visit", "Call"], "source": ["web", "crm"], "late": [True, False]})
    figure = time.timeline(events, LIGHT, [(AT, "qualifying")])
    assert {trace.name: trace.marker.symbol for trace in figure.data} == {"web": ("circle-open",), "crm": ("circle",)}
    assert [note.text for note in figure.layout.annotations] == ["qualifying"]


def test_the_course_names_the_thresholds():
    history = pl.DataFrame({"at": [AT], "score": [0.4]})
    figure = time.course(history, LIGHT, cuts={"hot": 0.6})
    assert [note.text for note in figure.layout.annotations] == ["hot"]


def test_counts_are_stacked_by_kind():
    series = pl.DataFrame({"at": [AT, AT], "kind": ["web", "third_party"], "n": [1, 2]})
    assert [trace.name for trace in time.counts(series, LIGHT).data] == ["web", "third party"]
