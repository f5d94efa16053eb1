"""The training loop, its hook, early stopping, and what is saved."""

import os

import numpy as np
import pytest

import netcore
from netcore import SGD, Adam, BatchNorm, Dense, Dropout, Hook, Model, ReLU, fit, load, save

RNG = np.random.default_rng(81)
X = RNG.normal(size=(60, 3))
Y = np.tanh(X @ RNG.normal(size=(3, 2))) + 0.5


def small(seed=1):
    return Model([3, 8, 2], act="tanh", out_act="identity", initialiser="glorot", seed=seed)


def test_one_batch_of_all_rows_is_gradient_descent():
    mine, theirs = small(), small()
    history = fit(mine, X, Y, epochs=5, batch=60, optimiser=SGD(0.1))
    expected = theirs.train(X, Y, 5, learning_rate=0.1, verbose=0)
    np.testing.assert_allclose(history.loss, expected.loss, rtol=1e-12)  # the rows come in another order
    np.testing.assert_allclose(mine.params[0]["W"], theirs.params[0]["W"], rtol=1e-10)


def test_training_learns_and_is_the_same_twice():
    runs = []
    for _ in range(2):
        model = small()
        runs.append(fit(model, X, Y, epochs=40, batch=16, optimiser=Adam(0.01), seed=3).loss)
    assert runs[0] == runs[1]
    assert runs[0][-1] < 0.1 * runs[0][0]


def test_every_row_is_seen_once_an_epoch():
    seen = []
    fit(small(), X, Y, epochs=2, batch=16, hook=Hook(lambda model, x, y, step: seen.append(x), every=1))
    assert [len(x) for x in seen] == [16, 16, 16, 12] * 2
    for epoch in (seen[:4], seen[4:]):
        np.testing.assert_array_equal(np.sort(np.concatenate(epoch), axis=0), np.sort(X, axis=0))
    assert not np.array_equal(seen[0], seen[4])


def test_early_stopping_goes_back_to_the_best_parameters():
    model = small()
    kept = {}
    noise = RNG.normal(size=(10, 2))  # nothing to learn: validation soon gets worse

    def remember(model, x, y, step):
        kept[step] = model.params[0]["W"]

    history = fit(
        model,
        X[:10],
        noise,
        epochs=400,
        batch=10,
        optimiser=Adam(0.05),
        validation=(X[10:20], RNG.normal(size=(10, 2))),
        patience=5,
        hook=Hook(remember, every=1),
    )
    assert len(history.loss) == history.best + 6 < 400
    assert history.validation[history.best] == min(history.validation)
    np.testing.assert_array_equal(model.params[0]["W"], kept[history.best])


def test_a_metric_is_judged_on_the_validation_rows_in_inference():
    model = Model([Dense(3, 8, initialiser="he"), BatchNorm(8), ReLU(), Dropout(0.3), Dense(8, 2, initialiser="he")])
    worst = []
    history = fit(
        model, X, Y, epochs=3, validation=(X, Y), metric=lambda y, y_hat: worst.append(y_hat) or np.abs(y - y_hat).max()
    )
    assert len(history.metric) == len(history.validation) == 3
    np.testing.assert_array_equal(worst[-1], model.forward(X))
    assert np.all(model.params[1]["running_mean"] != 0)


class Clock:
    """A clock that a test winds by hand: each reading takes a millisecond, and whoever calls ``pass_`` says more."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        self.now += 0.001
        return self.now

    def pass_(self, seconds):
        self.now += seconds


def test_a_hook_keeps_to_its_share_of_the_time(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(netcore.training.time, "perf_counter", clock)
    history = fit(small(), X, Y, epochs=60, batch=4, hook=Hook(lambda *_: clock.pass_(0.001), every=1, share=0.05))
    assert history.hook_calls > 20
    assert history.hook_seconds == pytest.approx(0.002 * history.hook_calls)
    assert 0.03 * history.seconds < history.hook_seconds <= 0.05 * history.seconds


def test_a_loss_that_is_no_longer_finite_stops_training():
    model = Model([3, 2], out_act="identity")
    message = r"Expected a finite loss but got loss=.* at step \d+; look for NaN in X and Y, or lower"
    with np.errstate(all="ignore"), pytest.raises(FloatingPointError, match=message):
        fit(model, X, Y, epochs=500, optimiser=SGD(1e6))
    assert all(np.all(np.isfinite(a)) for p in model.params for a in p.values())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"Y": Y[:5]}, r"as many rows of Y as of X but got X.shape=\(60, 3\) and Y.shape=\(5, 2\)"),
        ({"batch": 0}, r"batch at least 1 but got batch=0"),
        ({"epochs": -1}, r"epochs at least 0 but got epochs=-1"),
        ({"clip": 0.0}, r"clip above 0 but got clip=0.0"),
        ({"patience": 3}, r"validation rows for metric and patience but got validation=None"),
    ],
)
def test_arguments_that_cannot_train_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        fit(small(), X, **{"Y": Y, "epochs": 1, **options})


def test_a_hook_that_never_or_always_runs_is_refused():
    with pytest.raises(ValueError, match=r"every at least 1 but got every=0"):
        Hook(print, every=0)


def test_a_progress_bar_changes_nothing(capsys):
    assert fit(small(), X, Y, epochs=3, progress=True).loss == fit(small(), X, Y, epochs=3).loss


def test_what_is_saved_is_loaded_bit_for_bit(tmp_path):
    model = Model([netcore.Sequential([Dense(3, 4), BatchNorm(4)]), Dense(4, 2)])
    fit(model, X, Y, epochs=1)
    model.params[1] = {k: v.astype(np.float32) for k, v in model.params[1].items()}
    save(tmp_path / "model.npz", model)
    assert os.listdir(tmp_path) == ["model.npz"]
    other = Model([netcore.Sequential([Dense(3, 4), BatchNorm(4)]), Dense(4, 2)], seed=9)
    load(tmp_path / "model.npz", other)
    for mine, theirs in zip(model.params, other.params, strict=True):
        assert list(mine) == list(theirs)
        for name in mine:
            np.testing.assert_array_equal(mine[name], theirs[name])
            assert mine[name].dtype == theirs[name].dtype


def test_a_file_of_another_model_is_refused_and_the_model_left_alone(tmp_path):
    save(tmp_path / "model.npz", Model([3, 4, 2]))
    model = Model([3, 5, 2])
    before = model.params[0]["W"]
    with pytest.raises(ValueError, match=r"Expected 0.W of shape \(3, 5\) in .*model.npz' but got \(3, 4\)"):
        load(tmp_path / "model.npz", model)
    assert model.params[0]["W"] is before


def test_a_save_that_fails_leaves_the_old_file(tmp_path):
    save(tmp_path / "model.npz", small())
    before = (tmp_path / "model.npz").read_bytes()
    broken = small()
    broken.params[0] = {"W": [[1.0], [2.0, 3.0]]}  # no array
    with pytest.raises(ValueError, match="inhomogeneous"):
        save(tmp_path / "model.npz", broken)
    assert os.listdir(tmp_path) == ["model.npz"]
    assert (tmp_path / "model.npz").read_bytes() == before
