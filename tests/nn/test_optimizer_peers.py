"""Oracle: weights recorded from Keras, PyTorch and optax after 50 steps on a small network, in float64.

PEERS was recorded with keras 3.15.1 on torch 2.13.0 (``floatx`` float64), torch 2.13.0 and optax 0.2.8 on jax 0.10.2.
The network is ``tanh(X @ W1) @ W2`` with X, Y, W1 and W2 as below, and the loss the mean squared error. Column 1 of X
is zero, so that row 1 of W1 has a gradient of exactly zero in every step. Each peer was given the gradients of its own
framework; a setting that is not named is that of ours: ``torch.optim.Adagrad(initial_accumulator_value=0.1, eps=0)``,
``eps=1e-12`` where the peer adds it elsewhere, ``optax.rmsprop(0.05, decay=0.9, eps=1e-3, centered=True,
momentum=0.5)``.
"""

import runpy
from pathlib import Path

import numpy as np
import pytest

import feedforward as ff
from feedforward.nn.optimizers import SGD, Adadelta, Adagrad, Adam, Adamax, AdamW, Ftrl, Nadam, RMSprop

_random = np.random.default_rng(7)
X = _random.normal(size=(6, 3)) * [1, 0, 1]
Y, W1, W2 = (_random.normal(size=size) for size in [(6, 1), (3, 2), (2, 1)])

PEERS = [
    (
        "keras",
        lambda: SGD(0.05),
        [
            -0.4500092469151625,
            -0.32417775074617494,
            -2.516759710820513,
            -0.5386928958466366,
            -1.062473945596517,
            -0.18468224098421396,
            -1.8402102621284935,
            -0.5536234364354209,
        ],
    ),
    (
        "keras",
        lambda: SGD(0.05, momentum=0.9),
        [
            -2.316729038753949,
            -0.5573892113817661,
            -2.516759710820513,
            -0.5386928958466366,
            -3.4702131188324143,
            -0.5931696535009047,
            -2.0595700558008634,
            0.6725583028262196,
        ],
    ),
    (
        "keras",
        lambda: SGD(0.05, momentum=0.9, nesterov=True),
        [
            -2.215546355204518,
            -0.483955301731111,
            -2.516759710820513,
            -0.5386928958466366,
            -3.325829608936348,
            -0.4928352351555863,
            -2.040374288874666,
            0.6846154141015306,
        ],
    ),
    (
        "keras",
        lambda: RMSprop(0.05, momentum=0.5, centered=True, epsilon=1e-3),
        [
            -1.009919482770258,
            -2.3674440030008297,
            -2.516759710820513,
            -0.5386928958466366,
            -2.1272147370910326,
            -3.7420128848987333,
            0.36922885723069726,
            -2.017619472075306,
        ],
    ),
    (
        "keras",
        lambda: Adam(0.05),
        [
            -0.6921039707741551,
            -1.2560081379581642,
            -2.516759710820513,
            -0.5386928958466366,
            -1.2940587575476268,
            -1.3723853308499208,
            -1.572591252326353,
            -0.6360233090339334,
        ],
    ),
    (
        "keras",
        lambda: Adam(0.05, amsgrad=True),
        [
            -0.6914062008436705,
            -1.2556909163160561,
            -2.516759710820513,
            -0.5386928958466366,
            -1.2936130830269679,
            -1.3721199830787876,
            -1.5726791611421436,
            -0.6360636297032336,
        ],
    ),
    (
        "keras",
        lambda: AdamW(0.05, weight_decay=0.1),
        [
            -0.5848751494053627,
            -1.1316160519567473,
            -1.958825686056049,
            -0.41927144524110743,
            -1.1628816382459601,
            -1.306753987670617,
            -1.4445416151930652,
            -0.7740897632651002,
        ],
    ),
    (
        "keras",
        lambda: Adamax(0.05),
        [
            -0.30531625590562766,
            -0.8132067056810918,
            -2.516759710820513,
            -0.5386928958466366,
            -0.8381085514069142,
            -0.9147559773863887,
            -1.708793559736287,
            -0.6431157367518913,
        ],
    ),
    (
        "keras",
        lambda: Nadam(0.05),
        [
            -0.21820713907941605,
            -1.3743190885457843,
            -2.516759710820513,
            -0.5386928958466366,
            -0.9134524035872081,
            -1.25411237753895,
            -1.536241558923973,
            -0.8653027903738015,
        ],
    ),
    (
        "keras",
        lambda: Adagrad(0.05),
        [
            -0.1484427218850106,
            -0.45519357660702797,
            -2.516759710820513,
            -0.5386928958466366,
            -0.5245553091318812,
            -0.3888970092386165,
            -1.9775269459573352,
            -0.8806100180803991,
        ],
    ),
    (
        "keras",
        lambda: Adadelta(1.0),
        [
            0.08862709087507897,
            -0.2665192946651347,
            -2.516759710820513,
            -0.5386928958466366,
            -0.12117122421939427,
            0.02703545239241604,
            -1.562685793936435,
            -0.8055507186507035,
        ],
    ),
    (
        "keras",
        lambda: Ftrl(0.05, l1_regularization_strength=0.01, l2_regularization_strength=0.01),
        [
            -0.15806363578040797,
            -0.3511015422070808,
            0.0,
            0.0,
            -0.3548300227136963,
            -0.4074895455469994,
            -0.5438769824188903,
            -0.5345301642860294,
        ],
    ),
    (
        "keras",
        lambda: SGD(0.05, global_clipnorm=0.1),
        [
            0.040414393355946904,
            -0.22310800538097886,
            -2.516759710820513,
            -0.5386928958466366,
            -0.2560993998836052,
            0.048186991148598514,
            -1.5429499146515426,
            -0.4823220969406303,
        ],
    ),
    (
        "keras",
        lambda: SGD(0.05, clipnorm=0.1),
        [
            0.04007617572857984,
            -0.22358678191287396,
            -2.516759710820513,
            -0.5386928958466366,
            -0.2563444579918059,
            0.04742530931942706,
            -1.6677270334671181,
            -0.5294623745820264,
        ],
    ),
    (
        "keras",
        lambda: SGD(0.05, clipvalue=0.05),
        [
            0.031751086624225044,
            -0.31193094462995447,
            -2.516759710820513,
            -0.5386928958466366,
            -0.17350094540107208,
            -0.011691013996692503,
            -1.5993929552289288,
            -0.5755020107585465,
        ],
    ),
    (
        "torch",
        lambda: SGD(0.05),
        [
            -0.4500092469151625,
            -0.32417775074617494,
            -2.516759710820513,
            -0.5386928958466366,
            -1.062473945596517,
            -0.18468224098421396,
            -1.8402102621284935,
            -0.5536234364354209,
        ],
    ),
    (
        "torch",
        lambda: SGD(0.05, momentum=0.9),
        [
            -2.316729038753948,
            -0.5573892113817662,
            -2.516759710820513,
            -0.5386928958466366,
            -3.4702131188324135,
            -0.5931696535009048,
            -2.0595700558008634,
            0.6725583028262198,
        ],
    ),
    (
        "torch",
        lambda: SGD(0.05, momentum=0.9, nesterov=True),
        [
            -2.2155463552045185,
            -0.48395530173111045,
            -2.516759710820513,
            -0.5386928958466366,
            -3.325829608936348,
            -0.4928352351555865,
            -2.040374288874666,
            0.6846154141015307,
        ],
    ),
    (
        "torch",
        lambda: Adagrad(0.05, epsilon=1e-30),
        [
            -0.14844269904867952,
            -0.4551936016326599,
            -2.516759710820513,
            -0.5386928958466366,
            -0.5245553015615295,
            -0.38889703660997493,
            -1.977526994552979,
            -0.8806100884160636,
        ],
    ),
    (
        "torch",
        lambda: Adadelta(1.0),
        [
            0.08862709087507899,
            -0.2665192946651347,
            -2.516759710820513,
            -0.5386928958466366,
            -0.12117122421939426,
            0.02703545239241604,
            -1.562685793936435,
            -0.8055507186507035,
        ],
    ),
    (
        "torch",
        lambda: AdamW(0.05, weight_decay=0.1, epsilon=1e-12),
        [
            -0.5848867794550805,
            -1.1316297891611518,
            -1.958825686056049,
            -0.41927144524110743,
            -1.1628917620549537,
            -1.3067734690528312,
            -1.4445478886541872,
            -0.7740803201668176,
        ],
    ),
    (
        "torch",
        lambda: Adam(0.05, epsilon=1e-12),
        [
            -0.6921198506884864,
            -1.2560198026989333,
            -2.516759710820513,
            -0.5386928958466366,
            -1.294072365065612,
            -1.3724036778528976,
            -1.572601492067589,
            -0.636009414921212,
        ],
    ),
    (
        "optax",
        lambda: Adam(0.05, epsilon=1e-12),
        [
            -0.692119850688486,
            -1.2560198026989333,
            -2.516759710820513,
            -0.5386928958466366,
            -1.2940723650656116,
            -1.3724036778528979,
            -1.5726014920675888,
            -0.6360094149212122,
        ],
    ),
    (
        "optax",
        lambda: Adamax(0.05, epsilon=1e-12),
        [
            -0.30531697329290064,
            -0.8132054667819607,
            -2.516759710820513,
            -0.5386928958466366,
            -0.8381090749660225,
            -0.9147548250309011,
            -1.7087944838126594,
            -0.6431141857397032,
        ],
    ),
    (
        "optax",
        lambda: RMSprop(0.05, momentum=0.5, centered=True, epsilon=1e-3),
        [
            -1.0099194827702582,
            -2.3674440030008292,
            -2.516759710820513,
            -0.5386928958466366,
            -2.127214737091031,
            -3.7420128848987337,
            0.36922885723069876,
            -2.017619472075307,
        ],
    ),
]


def trained(optimizer, steps=50):
    """Return the weights after steps of ours, and their variables."""
    w1, w2 = ff.Variable(W1, name="w1"), ff.Variable(W2, name="w2")
    for _ in range(steps):
        with ff.GradientTape() as tape:
            loss = ff.square(ff.tanh(ff.Tensor(X) @ w1) @ w2 - Y).mean()
        optimizer.apply_gradients(zip(tape.gradient(loss, [w1, w2]), [w1, w2], strict=True))
    return np.concatenate([w1.numpy().ravel(), w2.numpy().ravel()]), [w1, w2]


@pytest.mark.parametrize(("peer", "make", "expected"), PEERS, ids=lambda x: x if isinstance(x, str) else "")
def test_weights_after_fifty_steps_are_those_of_the_peer(peer, make, expected):
    # Keras on torch rounds some of its settings to float32, 6e-8 of each, and 1 - 0.999^t, 6e-6 of the first steps;
    # the others differ by roundings, which fifty steps enlarge, and by where an epsilon of 1e-12 is added.
    optimizer = make()
    limit = 1e-9 if peer != "keras" else 2e-5 if isinstance(optimizer, Adam | Nadam | Adamax) else 2e-6
    got, _ = trained(optimizer)
    np.testing.assert_allclose(got, expected, rtol=0, atol=limit)
    if not isinstance(optimizer, AdamW | Ftrl):
        assert got[2:4].tolist() == W1[1].tolist()  # never had a gradient


AVERAGED = [
    -0.5744011185526979,
    -1.0817535342526494,
    -2.516759710820513,
    -0.5386928958466366,
    -1.1323866784273724,
    -1.1737475420881915,
    -1.6246908597685366,
    -0.5904831609028333,
]
OVERWRITTEN = [
    -0.1583637778849636,
    -0.289403548838757,
    -2.516759710820513,
    -0.5386928958466366,
    -0.6512416041832092,
    -0.08685602354391049,
    -1.6805501839534192,
    -0.5261343447276524,
]


def test_averages_of_weights_are_those_of_keras():
    """KERAS: the same with ``use_ema=True, ema_momentum=0.9``; the first after ``finalize_variable_values``."""
    optimizer = Adam(0.05, use_ema=True, ema_momentum=0.9)
    _, parameters = trained(optimizer)
    optimizer.finalize_variable_values(parameters)
    got = np.concatenate([parameter.numpy().ravel() for parameter in parameters])
    np.testing.assert_allclose(got, AVERAGED, rtol=0, atol=2e-5)  # Adam's 1 - 0.999^t in float32, as above
    assert got[2:4].tolist() == W1[1].tolist()
    got, _ = trained(SGD(0.05, use_ema=True, ema_momentum=0.9, ema_overwrite_frequency=7))
    np.testing.assert_allclose(got, OVERWRITTEN, rtol=0, atol=1e-6)  # 0.9 in float32


def test_the_example_runs(capsys):
    """By eye: half of the digits are right after two epochs, whatever the optimizer; most do far better."""
    main = runpy.run_path(str(Path(__file__).parents[2] / "examples" / "optimizers.py"))["main"]
    found = main(epochs=2)
    assert min(found.values()) > 0.5 and max(found.values()) > 0.85
    assert capsys.readouterr().out.count("%") == len(found) == 8
