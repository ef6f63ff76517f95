"""SAP where the answer is known."""

import numpy as np
import pytest
from scipy.stats import ks_2samp
from sklearn.metrics import balanced_accuracy_score

from model.disentanglement import FEWEST, balanced_accuracies, separated_attribute_predictability

N = 600


@pytest.fixture(scope="module")
def rng():
    return np.random.default_rng(0)


@pytest.fixture(scope="module")
def labels(rng):
    return np.where(rng.random((N, 3)) < 0.3, 1, -1)


def test_one_dimension_an_attribute_scores_all_there_is(labels, rng):
    z = np.concatenate([labels + 0.1 * rng.random((N, 3)), rng.normal(size=(N, 2))], axis=1)
    sap = separated_attribute_predictability(z, labels)
    noise = balanced_accuracies(z, labels)[:, 3:].max()
    assert 0.5 < noise < 0.6  # the luckiest threshold on noise
    assert sap == pytest.approx(0.5, abs=0.08)


def test_an_attribute_in_two_dimensions_is_not_separated(labels, rng):
    z = np.concatenate([labels, -2 * labels, rng.normal(size=(N, 2))], axis=1)
    assert separated_attribute_predictability(z, labels) == pytest.approx(0)


def test_turning_the_codes_destroys_it(labels, rng):
    z = labels + 0.3 * rng.normal(size=(N, 3))
    turn = np.linalg.qr(np.random.default_rng(1).normal(size=(3, 3)))[0]
    straight, turned = (separated_attribute_predictability(codes, labels).mean() for codes in (z, z @ turn))
    assert straight > 0.4 > 0.3 > turned


def test_the_accuracy_is_the_best_that_any_threshold_reaches(rng):
    has = rng.random(N) < 0.2
    z = np.round(rng.normal(size=(N, 2)) - 0.7 * has[:, None], 1)  # many equal values
    found = balanced_accuracies(z, np.where(has, 1, -1)[:, None])[0]
    for d in range(2):
        tried = [balanced_accuracy_score(has, z[:, d] < threshold) for threshold in np.unique(z[:, d])]
        assert found[d] == pytest.approx(max(*tried, 1 - min(tried)))
        assert found[d] == pytest.approx(0.5 + 0.5 * ks_2samp(z[has, d], z[~has, d]).statistic)


def test_unlabelled_faces_count_for_nothing(labels, rng):
    z = labels + rng.normal(size=(N, 3))
    partly = labels.copy()
    partly[::3, 0] = 0
    known = partly[:, 0] != 0
    expected = balanced_accuracies(z[known], labels[known])[0]
    assert balanced_accuracies(z, partly)[0] == pytest.approx(expected)


def test_unused_dimensions_and_rare_attributes(labels):
    z = np.concatenate([labels[:, :2], 0.01 * labels[:, :1]], axis=1)  # the third tells the first, too faintly
    assert balanced_accuracies(z, labels)[0, 2] == 0
    assert separated_attribute_predictability(z, labels)[0] > 0.3
    rare = np.where(np.arange(N) < FEWEST - 1, 1, -1)[:, None]
    assert np.isnan(separated_attribute_predictability(z, rare)).all()


def test_one_dimension_cannot_be_compared(labels):
    with pytest.raises(ValueError, match="has one"):
        separated_attribute_predictability(labels[:, :1], labels)
