"""The article's figures, each computed by autograd, and its two update schedules."""

from __future__ import annotations

import pytest

from nn.article.network import (
    BIASES,
    CLOSING,
    CLOSING_REFERENCE,
    FIGURES,
    SCHEDULES,
    WEIGHTS,
    ArticleNetwork,
    Figure,
    reproduce,
    train,
    train_compiled,
)

PRINTED = [figure for figure in FIGURES if figure.section != CLOSING]


@pytest.fixture(scope="module")
def computed():
    return reproduce()


@pytest.fixture(scope="module", params=SCHEDULES)
def trained(request):
    return request.param, *train(request.param)


@pytest.mark.parametrize("figure", PRINTED, ids=[figure.symbol for figure in PRINTED])
def test_figure_is_reproduced_to_half_a_unit_of_its_last_digit(figure, computed):
    assert figure.agrees(computed[figure.symbol])


def test_every_figure_is_listed_once_and_most_are_published():
    assert len({figure.symbol for figure in FIGURES}) == len(FIGURES) == 49
    assert sum(figure.published for figure in FIGURES) == 34


def test_a_figure_that_is_off_by_one_in_its_last_digit_does_not_agree():
    figure = Figure("", "E_total", "0.298371109")
    assert figure.agrees(0.2983711094)
    assert not figure.agrees(0.298371110)
    assert not figure.agrees(0.298371108)
    assert not figure.agrees(float("nan"))


def test_closing_figures_are_those_of_the_table(trained):
    schedule, _, closing = trained
    assert closing == pytest.approx(CLOSING_REFERENCE[schedule], rel=0, abs=1e-12)


def test_the_article_printed_the_sequential_closing_figures(trained):
    schedule, _, closing = trained
    figures = [figure for figure in FIGURES if figure.section == CLOSING]
    agreeing = [figure.agrees(number) for figure, number in zip(figures, closing)]
    assert agreeing == [schedule == "sequential"] * 4


def test_the_native_loop_gives_the_same_figures_and_weights(trained):
    schedule, network, closing = trained
    native, figures = train_compiled(schedule)
    assert figures == pytest.approx(CLOSING_REFERENCE[schedule], rel=0, abs=1e-12)
    assert figures == pytest.approx(closing, rel=1e-10, abs=0)
    for name in (*WEIGHTS, *BIASES):
        assert native.parameters[name].data == pytest.approx(network.parameters[name].data, rel=1e-10, abs=0)


def test_the_native_loop_of_one_round_is_the_round_of_the_text():
    _, figures = train_compiled("simultaneous", 1)
    assert figures[0] == figures[1] == pytest.approx(0.2910277736935993, rel=1e-14)


def test_the_figure_that_copies_of_the_article_quote_is_that_after_9999_rounds():
    _, closing = train("simultaneous", range(9_999))
    assert closing[1] == pytest.approx(3.51085481e-05, rel=1e-9)


def test_training_changes_the_weights_and_leaves_the_biases(trained):
    _, network, _ = trained
    assert {name: network.parameters[name].data for name in BIASES} == BIASES
    assert all(network.parameters[name].data != WEIGHTS[name] for name in WEIGHTS)


def test_one_sequential_round_updates_w1_by_the_changed_output_weights():
    # By hand: δ_o · (w5⁺, w7⁺) instead of δ_o · (w5, w7), all other factors as in the text.
    network = ArticleNetwork()
    network.train_round("sequential")
    through_changed = 0.13849856162 * 0.35891647972 + -0.03809823652 * 0.51130127027
    expected = 0.15 - 0.5 * through_changed * 0.24130070880 * 0.05
    assert network.parameters["w1"].data == pytest.approx(expected, rel=0, abs=1e-11)


def test_an_unknown_schedule_is_refused_by_name():
    with pytest.raises(ValueError, match="'both'.*simultaneous, sequential"):
        ArticleNetwork().train_round("both")


def test_values_carry_the_articles_names_and_layers():
    values = ArticleNetwork().forward()
    assert values["net_h1"].parents[1] is values["b1"]
    assert [p.name for p in values["E_total"].parents] == ["E_o1", "E_o2"]
    assert values["w1"].scope == values["out_h2"].scope == ("hidden layer",)
    assert values["w8"].scope == values["net_o1"].scope == ("output layer",)
