"""Oracle (b): losses, weights and masks written out in NumPy; (d) scikit-learn on data prepared by hand; (e) identity.

What the estimators have beyond scikit-learn's: activations by layer, dropout, batch normalisation, losses, optimizers,
class weights, categories, and early stopping and interrupts that keep what they should.
"""

import pickle
import re
import tracemalloc

import numpy as np
import pytest
from scipy import sparse
from sklearn import neural_network
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import cross_val_score
from sklearn.preprocessing import OneHotEncoder

import feedforward as ff
from feedforward.errors import NotFiniteError
from feedforward.nn.layers import BatchNormalization, Dropout
from feedforward.sklearn import MLPClassifier, MLPRegressor
from feedforward.sklearn.mlp_training import Descent

RANDOM = np.random.default_rng(11)
X = RANDOM.normal(size=(80, 4))
SCORES = X @ RANDOM.normal(size=(4, 3))
Y = SCORES.argmax(1)
NUMBER = SCORES[:, 0] + 0.1 * RANDOM.normal(size=80)

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def classifier(**settings):
    return MLPClassifier(**{"hidden_layer_sizes": (6,), "max_iter": 5, "random_state": 2} | settings)


def regressor(**settings):
    return MLPRegressor(**{"hidden_layer_sizes": (6,), "max_iter": 5, "random_state": 2} | settings)


def test_each_layer_may_have_an_activation_of_its_own():
    model = classifier(hidden_layer_sizes=(5, 4, 3), activation=("tanh", ff.softplus, "logistic")).fit(X, Y)
    h = X
    for kernel, bias, activation in zip(
        model.coefs_,
        model.intercepts_,
        [np.tanh, lambda z: np.log1p(np.exp(z)), lambda z: 1 / (1 + np.exp(-z)), lambda z: z],
        strict=True,
    ):
        h = activation(h @ kernel + bias)
    p = np.exp(h) / np.exp(h).sum(1, keepdims=True)
    np.testing.assert_allclose(model.predict_proba(X), p, rtol=1e-12)


@pytest.mark.parametrize("activation", ["gelu", "swish", "prelu", ff.activations.mish, ff.layers.PReLU()])
def test_any_activation_of_the_package_will_do(activation):
    model = classifier(activation=activation, max_iter=60, learning_rate_init=0.05).fit(X, Y)
    assert model.score(X, Y) > 0.9  # the classes are linear in x
    assert model.get_params()["activation"] is activation
    again = pickle.loads(pickle.dumps(model))
    assert (again.predict(X) == model.predict(X)).all()


@pytest.mark.parametrize(
    ("loss", "of_rows"),
    [
        ("mean_absolute_error", lambda y, p: np.abs(p - y)),
        (ff.losses.Huber(0.5), lambda y, p: np.where(abs(p - y) < 0.5, (p - y) ** 2 / 2, 0.5 * abs(p - y) - 0.125)),
        (ff.losses.Quantile(0.9), lambda y, p: np.where(y >= p, 0.9 * (y - p), 0.1 * (p - y))),
        ("mean_squared_error", lambda y, p: (p - y) ** 2),
        (lambda y, p: (p - y) ** 4, lambda y, p: (p - y) ** 4),
    ],
    ids=["mean_absolute_error", "huber", "quantile", "mean_squared_error", "function"],
)
def test_a_regressor_minimises_any_loss(loss, of_rows):
    model = regressor(loss=loss, max_iter=1, alpha=0.3, shuffle=False)
    first = model.fit(X, NUMBER)
    model.set_params(warm_start=True, solver=ff.optimizers.SGD(0.0))  # whose steps change nothing
    model.fit(X, NUMBER)
    squares = sum(np.sum(kernel**2) for kernel in model.coefs_)
    wanted = of_rows(NUMBER, model.predict(X)).mean() + 0.15 * squares / 80
    assert model.loss_ == pytest.approx(wanted, rel=1e-12)
    assert first.out_activation_ == "identity"
    before = wanted
    after = model.set_params(solver="adam", max_iter=100, learning_rate_init=0.01).fit(X, NUMBER).loss_
    assert after < before / 2


def test_a_quantile_is_what_so_many_targets_lie_below():
    y = RANDOM.exponential(size=400)
    model = regressor(loss=ff.losses.Quantile(0.8), max_iter=300, learning_rate_init=0.02, tol=0.0)
    below = np.mean(y < model.fit(np.ones((400, 1)), y).predict([[1.0]]))
    assert abs(below - 0.8) < 0.05  # the loss is flat near its minimum


def test_the_packages_poisson_loss_ends_in_an_exponential_too():
    y = np.floor(np.exp(NUMBER))
    model = regressor(loss=ff.losses.Poisson()).fit(X, y)
    assert model.out_activation_ == "exp" and (model.predict(X) > 0).all()


@pytest.mark.parametrize("loss", ["hinge", "squared_hinge", "logistic"])
def test_margins_of_two_classes_are_decided_by_their_sign(loss):
    labels = np.where(SCORES[:, 0] > 0, "b", "a")
    model = classifier(loss=loss, max_iter=60, learning_rate_init=0.05).fit(X, labels)
    scores = model.decision_function(X)
    assert scores.shape == (80,)
    np.testing.assert_array_equal(model.predict(X), np.where(scores > 0, "b", "a"))
    assert model.score(X, labels) > 0.9
    assert not hasattr(model, "predict_proba")


@pytest.mark.parametrize("loss", ["hinge", "categorical_hinge", "crammer_singer", ff.losses.OneVsAllHinge()])
def test_margins_of_many_classes_are_decided_by_the_largest(loss):
    model = classifier(loss=loss, max_iter=60, learning_rate_init=0.05).fit(X, Y)
    scores = model.decision_function(X)
    assert scores.shape == (80, 3)
    np.testing.assert_array_equal(model.predict(X), scores.argmax(1))
    assert model.score(X, Y) > 0.9


@pytest.mark.parametrize("loss", ["crammer_singer", ff.losses.CategoricalCrossentropy(from_logits=True)])
def test_of_two_classes_there_is_one_score(loss):
    labels = np.where(SCORES[:, 0] > 0, "b", "a")
    model = classifier(loss=loss, max_iter=60, learning_rate_init=0.05)
    scores = model.fit(X, labels).decision_function(X)
    assert scores.shape == (80,)
    outputs = model.model_.predict(X, verbose=0)
    np.testing.assert_array_equal(scores, outputs[:, 1] - outputs[:, 0])
    np.testing.assert_array_equal(model.predict(X), np.where(scores > 0, "b", "a"))
    assert cross_val_score(model, X, labels, cv=2, scoring="roc_auc").min() > 0.9


def test_losses_of_classes_have_two_outputs_for_two_classes():
    model = classifier(loss=ff.losses.CategoricalCrossentropy(label_smoothing=0.1)).fit(X, Y == 1)
    assert model.n_outputs_ == 2 and model.predict_proba(X).shape == (80, 2)
    np.testing.assert_allclose(model.predict_proba(X).sum(1), 1.0)
    assert model.predict(X).dtype == bool


def test_the_packages_cross_entropy_is_scikit_learns_log_loss():
    one = classifier(loss=ff.losses.SparseCategoricalCrossentropy()).fit(X, Y)
    other = classifier().fit(X, Y)
    assert one.loss_curve_ == other.loss_curve_


def test_several_labels_may_have_margins():
    labels = (SCORES > 0).astype(int)
    model = classifier(loss="hinge", max_iter=80, learning_rate_init=0.05).fit(X, labels)
    np.testing.assert_array_equal(model.predict(X), model.decision_function(X) > 0)
    assert model.score(X, labels) > 0.8


def test_an_optimizer_keeps_its_own_settings_and_is_not_changed():
    optimizer = ff.optimizers.Adam(0.01, epsilon=1e-8)
    one = classifier(solver=optimizer, learning_rate_init=99.0).fit(X, Y)
    other = classifier(solver="adam", learning_rate_init=0.01).fit(X, Y)
    assert one.loss_curve_ == other.loss_curve_
    assert int(optimizer.iterations) == 0 and optimizer.parameters == []


def test_any_named_optimizer_has_the_rate_that_is_given():
    one = classifier(solver="rmsprop", learning_rate_init=0.02).fit(X, Y)
    other = classifier(solver=ff.optimizers.RMSprop(0.02)).fit(X, Y)
    assert one.loss_curve_ == other.loss_curve_


def test_a_schedule_sets_the_rate_of_each_step():
    schedule = ff.optimizers.schedules.PiecewiseConstantDecay([1, 2], [0.5, 0.0, 0.0])
    model = classifier(solver=ff.optimizers.SGD(schedule), shuffle=False, max_iter=4).fit(X, Y)
    assert model.loss_curve_[1] != model.loss_curve_[0]
    assert len({*model.loss_curve_[2:]}) == 1  # the rate is 0 from the third step on, or sooner


def test_averaged_weights_take_over_after_the_training():
    plain = ff.optimizers.SGD(0.1)
    averaged = ff.optimizers.SGD(0.1, use_ema=True, ema_momentum=0.5)
    steps = [classifier(solver=plain, max_iter=number, shuffle=False).fit(X, Y).coefs_[0] for number in (1, 2, 3)]
    wanted = 0.5 * (0.5 * steps[0] + 0.5 * steps[1]) + 0.5 * steps[2]  # they begin with the first step
    found = classifier(solver=averaged, max_iter=3, shuffle=False).fit(X, Y).coefs_[0]
    np.testing.assert_allclose(found, wanted, rtol=1e-12)


def test_dropout_is_only_in_training_and_drawn_by_the_random_state():
    one, other = (classifier(hidden_layer_sizes=(6, 5), dropout=(0.0, 0.5)).fit(X, Y) for _ in range(2))
    assert one.loss_curve_ == other.loss_curve_
    assert [layer.rate for layer in one.model_.layers if isinstance(layer, Dropout)] == [0.5]
    assert one.loss_curve_ != classifier(hidden_layer_sizes=(6, 5)).fit(X, Y).loss_curve_
    np.testing.assert_array_equal(one.predict_proba(X), one.predict_proba(X))
    third = classifier(hidden_layer_sizes=(6, 5), dropout=0.5, random_state=3).fit(X, Y)
    assert [layer.rate for layer in third.model_.layers if isinstance(layer, Dropout)] == [0.5, 0.5]


def test_batch_normalization_standardises_the_sums_of_hidden_layers():
    model = classifier(batch_normalization=True, activation="tanh", max_iter=30).fit(X, Y)
    (layer,) = [one for one in model.model_.layers if isinstance(one, BatchNormalization)]
    gamma, beta, mean, variance = layer.get_weights()
    z = X @ model.coefs_[0] + model.intercepts_[0]
    h = np.tanh((z - mean) / np.sqrt(variance + layer.epsilon) * gamma + beta)
    out = h @ model.coefs_[1] + model.intercepts_[1]
    p = np.exp(out) / np.exp(out).sum(1, keepdims=True)
    np.testing.assert_allclose(model.predict_proba(X), p, rtol=1e-11)
    assert not np.allclose(mean, 0.0)  # they moved


@pytest.mark.parametrize("form", ["places", "names", "mask", "sparse"])
def test_categories_are_what_one_hot_columns_are_to_scikit_learn(form):
    import pandas as pd

    codes = np.array([10.0, 20.0, 30.5])[RANDOM.integers(0, 3, 80)]
    x = np.column_stack([X[:, 0], codes, X[:, 1]])
    given = {"places": [1], "sparse": [1], "names": ["b"], "mask": [False, True, False]}[form]
    data = pd.DataFrame(x, columns=["a", "b", "c"]) if form == "names" else x
    data = sparse.csr_array(x) if form == "sparse" else data
    mine = regressor(categorical_features=given).fit(data, NUMBER)
    by_hand = np.column_stack([X[:, :2], OneHotEncoder(sparse_output=False).fit_transform(codes[:, None])])
    theirs = neural_network.MLPRegressor(hidden_layer_sizes=(6,), max_iter=5, random_state=2).fit(by_hand, NUMBER)
    np.testing.assert_allclose(mine.loss_curve_, theirs.loss_curve_, rtol=1e-11)
    assert mine.coefs_[0].shape == (5, 6)


def test_categories_may_be_vectors_and_a_strange_one_is_zeros():
    codes = np.tile([3.0, 5.0], 40)
    x = np.column_stack([X[:, 0], codes])
    y = np.where(codes == 3, 1.0, -1.0)
    model = regressor(categorical_features=[1], embedding_size=2, max_iter=100, learning_rate_init=0.05).fit(x, y)
    assert model.score(x, y) > 0.9 and model.coefs_[0].shape == (3, 6)
    hidden = np.maximum([[0.4, 0.0, 0.0]] @ model.coefs_[0] + model.intercepts_[0], 0.0)
    wanted = hidden @ model.coefs_[1] + model.intercepts_[1]
    np.testing.assert_allclose(model.predict([[0.4, 4.0]]), wanted[0], rtol=1e-12)
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict(x), model.predict(x))


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_sparse_rows_are_never_dense_as_a_whole(solver, monkeypatch):
    monkeypatch.setattr("feedforward.sklearn.mlp_training._PIECE_BYTES", 2**20)
    monkeypatch.setattr("feedforward.sklearn.mlp_training._BLOCK", 64)
    monkeypatch.setattr("feedforward.sklearn.mlp_estimator._BLOCK", 64)
    x = sparse.random(2000, 3000, 0.001, "csr", rng=RANDOM)
    model = classifier(hidden_layer_sizes=(2,), max_iter=2, batch_size=50, solver=solver)
    y = np.arange(2000) % 2
    model.fit(x, y)  # what is compiled lies in memory, too
    tracemalloc.start()
    try:
        model.fit(x, y).predict(x)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert most < x.shape[0] * x.shape[1] * 8 / 4


def test_classes_may_weigh():
    by_hand = np.array([1.0, 0.25, 3.0])[Y]
    one = classifier(class_weight={0: 1.0, 1: 0.25, 2: 3.0}, batch_size=20).fit(X, Y)
    other = classifier(batch_size=20).fit(X, Y, sample_weight=by_hand)
    assert one.loss_curve_ == other.loss_curve_
    counts = np.bincount(Y)
    balanced = classifier(class_weight="balanced").fit(X, Y, sample_weight=by_hand)
    both = classifier().fit(X, Y, sample_weight=by_hand * (80 / (3 * counts))[Y])
    np.testing.assert_allclose(balanced.loss_curve_, both.loss_curve_, rtol=1e-13)


def test_a_batch_of_samples_that_weigh_nothing_changes_nothing():
    weight = np.repeat([0.0, 1.0], 40)
    model = classifier(solver=ff.optimizers.SGD(0.1), shuffle=False, batch_size=40, alpha=0.0, max_iter=3)
    model.fit(X, Y, sample_weight=weight)
    alone = classifier(solver=ff.optimizers.SGD(0.1), shuffle=False, batch_size=40, alpha=0.0, max_iter=3)
    alone.fit(X[40:], Y[40:])
    np.testing.assert_allclose(model.coefs_[0], alone.coefs_[0], rtol=1e-13)
    np.testing.assert_allclose(model.loss_curve_, np.array(alone.loss_curve_) / 2, rtol=1e-13)


def test_early_stopping_restores_the_best_weights_and_averages():
    model = classifier(
        early_stopping=True, batch_normalization=True, max_iter=60, learning_rate_init=0.3, n_iter_no_change=60
    )
    model.fit(X, Y)
    best = int(np.argmax(model.validation_scores_))
    assert best + 1 < 60  # so that there is something to restore
    shorter = classifier(
        early_stopping=True, batch_normalization=True, max_iter=best + 1, learning_rate_init=0.3, n_iter_no_change=60
    ).fit(X, Y)
    np.testing.assert_array_equal(model.predict_proba(X), shorter.predict_proba(X))


def test_after_an_interrupt_the_epochs_that_were_done_count(monkeypatch):
    epoch, done = Descent.epoch, []

    def interrupted(self, *args):
        if len(done) == 3:
            raise KeyboardInterrupt
        done.append(epoch(self, *args))
        return done[-1]

    monkeypatch.setattr(Descent, "epoch", interrupted)
    with pytest.warns(UserWarning, match=r"^Training interrupted by user\.$"):
        model = classifier(max_iter=50).fit(X, Y)
    monkeypatch.undo()
    assert model.n_iter_ == 3
    shorter = classifier(max_iter=3).fit(X, Y)
    assert all((a == b).all() for a, b in zip(model.coefs_, shorter.coefs_, strict=True))


def test_a_single_class_is_all_there_is_to_say():
    model = classifier().fit(X, np.full(80, "only"))
    assert model.predict(X).tolist() == ["only"] * 80
    assert model.classes_.tolist() == ["only"]


def test_of_a_single_class_the_probability_is_one():
    model = classifier().fit(X, np.full(80, "only"))
    assert model.predict_proba(X).tolist() == [[1.0]] * 80
    assert model.predict_log_proba(X).tolist() == [[0.0]] * 80


@pytest.mark.parametrize("loss", ["categorical_crossentropy", "log_loss"])
def test_columns_of_probabilities_are_as_many_as_classes(loss):
    for labels in (Y, Y > 0, np.zeros(80)):
        model = classifier(loss=loss, max_iter=1).fit(X, labels)
        assert model.predict_proba(X).shape == (80, len(model.classes_))


def test_labels_in_a_sparse_matrix_are_those_in_a_dense_one():
    labels = (SCORES > 0).astype(int)
    one, other = classifier().fit(X, labels), classifier().fit(X, sparse.csr_matrix(labels))
    assert one.loss_curve_ == other.loss_curve_
    assert other.score(X, sparse.csr_matrix(labels)) == one.score(X, labels)


def test_sizes_of_layers_may_be_given_in_any_sequence():
    for sizes in ([5, 4], np.array([5, 4]), range(5, 3, -1)):
        assert [kernel.shape for kernel in classifier(hidden_layer_sizes=sizes).fit(X, Y).coefs_][:2] == [
            (4, 5),
            (5, 4),
        ]
    linear = classifier(hidden_layer_sizes=(), activation=[]).fit(X, Y)
    assert [kernel.shape for kernel in linear.coefs_] == [(4, 3)]


def test_what_lbfgs_leaves_is_not_the_record_of_another_solver():
    model = classifier(early_stopping=True).fit(X, Y).set_params(solver="lbfgs").fit(X, Y)
    assert not {"loss_curve_", "best_loss_", "validation_scores_", "best_validation_score_"} & vars(model).keys()


def test_lbfgs_refuses_a_loss_that_is_not_finite():
    model = regressor(solver="lbfgs")
    with pytest.raises(NotFiniteError, match=r"^MLPRegressor\(solver='lbfgs'\): the loss is inf after 0 iterations\. "):
        model.fit(X, NUMBER * 1e200)


def test_a_warm_start_may_change_the_solver():
    model = regressor(solver="lbfgs", warm_start=True).fit(X, NUMBER)
    before = model.loss_
    model.set_params(solver="sgd", max_iter=50, learning_rate_init=0.01).fit(X, NUMBER)
    assert model.loss_ < before and len(model.loss_curve_) == 50
    model.set_params(early_stopping=True, max_iter=2).fit(X, NUMBER)
    assert len(model.validation_scores_) == 2


def test_numbers_that_overflow_name_where():
    with pytest.raises(NotFiniteError, match="the epoch"):
        regressor(solver="sgd", learning_rate_init=1e30, max_iter=30).fit(X * 1e10, NUMBER)


MISTAKES = [
    (classifier(alpha=-1.0), "MLPClassifier(alpha=-1.0): alpha must be a number >= 0. Got -1.0."),
    (classifier(max_iter=0), "MLPClassifier(max_iter=0): max_iter must be an int >= 1. Got 0."),
    (classifier(verbose="yes"), "MLPClassifier(verbose='yes'): verbose must be an int >= 0. Got 'yes'."),
    (classifier(shuffle=1), "MLPClassifier(shuffle=1): shuffle must be True or False. Got 1."),
    (classifier(batch_size="all"), "MLPClassifier(batch_size='all'): batch_size must be an int >= 1. Got 'all'."),
    (classifier(n_iter_no_change=0), "MLPClassifier(n_iter_no_change=0): n_iter_no_change must be an int >= 1. Got 0."),
    (
        classifier(learning_rate="falling"),
        "MLPClassifier(learning_rate='falling'): learning_rate must be 'constant', 'invscaling' or 'adaptive'. Got "
        "'falling'.",
    ),
    (
        classifier(hidden_layer_sizes=(3, 0)),
        "MLPClassifier(hidden_layer_sizes=0): hidden_layer_sizes must be an int >= 1. Got 0.",
    ),
    (classifier(hidden_layer_sizes=iter([3])), "MLPClassifier(hidden_layer_sizes=<list_iterator"),
    (classifier(hidden_layer_sizes=np.array(3)), "MLPClassifier(hidden_layer_sizes=array(3)): hidden_layer_sizes must"),
    (classifier(dropout=np.array(0.5)), "MLPClassifier(dropout=array(0.5)): dropout must be a number from 0 up to, "),
    (
        classifier(class_weight={0: 1.0, 1: -2.0, 2: 1.0}),
        "MLPClassifier(class_weight={0: 1.0, 1: -2.0, 2: 1.0}): class 1 weighs -2.0. Expected finite numbers >= 0. "
        "Give others.",
    ),
    (
        classifier(class_weight="balance"),
        "MLPClassifier(class_weight='balance'): expected 'balanced', or a dict of numbers by classes; of several "
        "labels a list of dicts. Give one of these.",
    ),
    (classifier(activation="rellu"), "Unknown activation 'rellu'. Did you mean 'relu'?"),
    (
        classifier(activation=["relu", "tanh"]),
        "MLPClassifier(activation=['relu', 'tanh']): 2 of them for 1 hidden layers. Expected one for each, or one for "
        "all. Change it or hidden_layer_sizes.",
    ),
    (
        classifier(dropout=[0.1, 0.2]),
        "MLPClassifier(dropout=[0.1, 0.2]): 2 of them for 1 hidden layers. Expected one for each",
    ),
    (classifier(dropout=1.0), "MLPClassifier(dropout=1.0): dropout must be a number from 0 up to, but not, 1. Got 1."),
    (classifier(solver="adams"), "MLPClassifier(solver='adams'): there is none. Did you mean 'adam'?"),
    (classifier(solver=3), "MLPClassifier(solver=3): expected a name or an Optimizer. Give 'adam'."),
    (
        classifier(solver="lbfgs", dropout=0.5),
        "MLPClassifier(solver='lbfgs'): dropout=0.5 and batch_normalization=False make the loss another function in "
        "each batch. Expected neither. Use solver='adam', or leave them out.",
    ),
    (classifier(solver=ff.optimizers.SVRG(0.1)), "fit: SVRG needs gradients at its snapshot, too"),
    (
        classifier(early_stopping=True, validation_fraction=0.01),
        "MLPClassifier(validation_fraction=0.01): 1 of 80 samples would be held out. Expected 2 at least, and some to "
        "train on. Give another fraction, or early_stopping=False.",
    ),
    (
        classifier(early_stopping=True, validation_fraction=0.0),
        "MLPClassifier(validation_fraction=0.0): 0 of 80 samples would be held out.",
    ),
    (
        classifier(early_stopping=True, validation_fraction=0.999),
        "MLPClassifier(validation_fraction=0.999): 80 of 80 samples would be held out.",
    ),
    (
        classifier(loss="binary_crossentropy"),
        "MLPClassifier(loss='binary_crossentropy'): it does not go with multiclass labels of 3 classes. Expected one "
        "of rows of which one class is right. Give loss='log_loss', which goes with all.",
    ),
    (classifier(loss="hing"), "Unknown loss 'hing'. Did you mean 'hinge'?"),
    (
        regressor(loss="hinge"),
        "MLPRegressor(loss='hinge'): it is a loss of classes. Expected one of numbers, such as 'huber'. Use "
        "MLPClassifier.",
    ),
    (
        classifier(categorical_features=[4]),
        "MLPClassifier(categorical_features=[4]): 4 is no column, or comes twice. Expected places from 0 to 3, names "
        "of columns, or a bool for each.",
    ),
    (
        classifier(categorical_features=3),
        "MLPClassifier(categorical_features=3): expected several columns. Give [3] for one.",
    ),
    (classifier(categorical_features=["a"]), "MLPClassifier(categorical_features=['a']): 'a' is no column"),
    (classifier(categorical_features=[1, 1]), "MLPClassifier(categorical_features=[1, 1]): 1 is no column, or comes"),
]


@pytest.mark.parametrize(("estimator", "message"), MISTAKES, ids=[message[:60] for _, message in MISTAKES])
def test_a_parameter_out_of_its_range_is_named(estimator, message):
    with pytest.raises((ValueError, TypeError), match=f"^{re.escape(message)}"):
        estimator.fit(X, Y)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: classifier().partial_fit(X, Y),
            "MLPClassifier.partial_fit: classes must be passed on the first call to partial_fit. Expected all",
        ),
        (
            lambda: classifier().fit(X, Y).partial_fit(X, Y, classes=[0, 1]),
            "MLPClassifier.partial_fit: `classes=[0, 1]` is not the same as on last call to partial_fit, array([0, 1,",
        ),
        (
            lambda: classifier().fit(X, Y).partial_fit(X, Y + 1),
            "MLPClassifier: `y` has classes not in `self.classes_`, or with warm_start not all of them: [1, 2, 3]. "
            "Expected multiclass labels of [0, 1, 2], as before.",
        ),
        (
            lambda: classifier(warm_start=True).fit(X, Y).fit(X, Y % 2),
            "MLPClassifier: `y` has classes not in `self.classes_`, or with warm_start not all of them: [0, 1]. ",
        ),
        (
            lambda: classifier(early_stopping=True).partial_fit(X, Y, classes=[0, 1, 2]),
            "MLPClassifier(early_stopping=True): partial_fit makes one epoch, after which there is nothing to stop. ",
        ),
        (
            lambda: classifier(class_weight="balanced").partial_fit(X, Y, classes=[0, 1, 2]),
            "MLPClassifier(class_weight='balanced'): partial_fit does not know how many samples of each class will ",
        ),
        (
            lambda: classifier().fit(X, np.column_stack([Y, Y])),
            "MLPClassifier: y has shape (80, 2) and several classes in a column. Expected one label for each row, or ",
        ),
        (
            lambda: regressor(warm_start=True).fit(X, SCORES).fit(X, NUMBER),
            "MLPRegressor: the network has 3 outputs, identity, and y with loss='squared_error' needs 1, identity. ",
        ),
        (
            lambda: classifier(warm_start=True).fit(X, Y).set_params(loss="hinge").fit(X, Y),
            "MLPClassifier: the network has 3 outputs, softmax, and y with loss='hinge' needs 3, identity. Expected ",
        ),
        (
            lambda: classifier(warm_start=True).fit(X, Y).set_params(hidden_layer_sizes=(9, 9)).fit(X, Y),
            "MLPClassifier(hidden_layer_sizes=(9, 9)): the network that is there was made with (6,). Expected the "
            "same. Give warm_start=False, or make a new estimator.",
        ),
        (
            lambda: classifier().fit(X, Y).set_params(dropout=0.5).partial_fit(X, Y),
            "MLPClassifier(dropout=0.5): the network that is there was made with (0.0,). Expected",
        ),
        (
            lambda: pickle.loads(pickle.dumps(regressor().fit(X, Y))).set_params(activation="tanh").partial_fit(X, Y),
            "MLPRegressor(activation='tanh'): the network that is there was made with ('relu',). Expected the same.",
        ),
        (
            lambda: setattr(regressor().fit(X, Y), "coefs_", [np.zeros((4, 6))]),
            "MLPRegressor.coefs_: 1 arrays for 2 layers. Expected one for each. Give all of them.",
        ),
        (
            lambda: setattr(regressor().fit(X, Y), "intercepts_", [np.zeros(6)] * 3),
            "MLPRegressor.intercepts_: 3 arrays for 2 layers.",
        ),
        (
            lambda: regressor(early_stopping=True).fit(X, NUMBER, sample_weight=np.arange(80) == 0),
            "MLPRegressor(early_stopping=True): the 8 samples held out weigh 0 together. Expected a weight above 0. "
            "Give another random_state, or a larger validation_fraction.",
        ),
        (lambda: regressor(loss="poisson").fit(X, NUMBER), "PoissonDeviance: counts must be >= 0. Row "),
        (
            lambda: classifier().fit(X, Y, sample_weight=[1.0] * 79 + [-2.0]),
            "MLPClassifier: sample_weight holds -2, in row 79. Expected numbers >= 0. Leave out rows that are not to ",
        ),
        (
            lambda: regressor(solver=classifier().fit(X, Y).model_.optimizer).fit(X, NUMBER),
            "MLPRegressor(solver=Adam(",
        ),
    ],
)
def test_what_does_not_fit_is_named(call, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
        call()


def test_what_an_estimator_does_not_have_says_what_to_use():
    with pytest.raises(AttributeError, match="has no attribute 'predict_proba'") as caught:
        _ = classifier(loss="hinge").predict_proba
    assert str(caught.value.__cause__) == (
        "MLPClassifier(loss='hinge'): it has scores, and no probabilities. Use decision_function, or loss='log_loss'."
    )
    with pytest.raises(AttributeError, match="has no attribute 'decision_function'") as caught:
        _ = classifier().decision_function
    assert "it has probabilities, and no scores. Use predict_proba" in str(caught.value.__cause__)
    with pytest.raises(AttributeError, match="has no attribute 'partial_fit'") as caught:
        _ = regressor(solver="lbfgs").partial_fit
    assert "MLPRegressor(solver='lbfgs'): partial_fit takes steps on batches" in str(caught.value.__cause__)


def test_without_scikit_learn_the_extra_is_named(monkeypatch):
    import importlib
    import sys

    monkeypatch.setitem(sys.modules, "sklearn", None)
    monkeypatch.delitem(sys.modules, "feedforward.sklearn")
    with pytest.raises(ImportError, match=r"^feedforward\.sklearn: scikit-learn cannot be imported .*\[sklearn\]"):
        importlib.import_module("feedforward.sklearn")


def test_too_few_epochs_are_a_warning():
    with pytest.warns(ConvergenceWarning, match="epochs were not enough to converge"):
        classifier(max_iter=1).fit(X, Y)
