"""Programs of Keras 1 and 2 that are run by the real ones (`record_keras.py`) and by ours (`test_keras_programs.py`).

Each takes the module `keras` and returns numbers. Weights and data are given, so that all of them must agree.
"""

import numpy as np


def random(*shape, seed=0):
    return np.random.RandomState(seed).uniform(-1, 1, shape).astype("float32")


def one_hot(n, count, seed=1):
    return np.eye(count, dtype="float32")[np.random.RandomState(seed).randint(0, count, n)]


def weights_for(model, seed=2):
    draw = np.random.RandomState(seed)
    model.set_weights([draw.uniform(-0.5, 0.5, np.shape(each)).astype("float32") for each in model.get_weights()])


def numbers(history, model, x):
    return {
        **{name: [float(v) for v in values] for name, values in history.history.items()},
        "predictions": np.asarray(model.predict(x)).ravel()[:12].astype(float).tolist(),
        "weights": [float(np.sum(np.abs(each))) for each in model.get_weights()],
    }


def words(keras, **settings):
    """Settings in the words of the version: given are those of Keras 2."""
    if keras.__version__.startswith("1"):
        old = {"epochs": "nb_epoch", "units": "output_dim", "use_bias": "bias", "kernel_regularizer": "W_regularizer"}
        old |= {"rate": "p", "kernel_constraint": "W_constraint", "padding": "border_mode", "strides": "subsample"}
        settings = {old.get(name, name): value for name, value in settings.items()}
    return settings


def dense_net(keras, outputs=3, activation="softmax", **settings):
    model = keras.models.Sequential()
    model.add(keras.layers.Dense(5, input_dim=4, activation="tanh", **words(keras, **settings)))
    model.add(keras.layers.Dense(outputs, activation=activation))
    weights_for(model)
    return model


def trained(keras, optimizer, loss="categorical_crossentropy", outputs=3, activation="softmax", y=None, **settings):
    model = dense_net(keras, outputs, activation, **settings)
    model.compile(optimizer=optimizer, loss=loss, metrics=["accuracy", "mae"])
    x = random(22, 4)
    y = one_hot(22, outputs) if y is None else y
    np.random.seed(3)
    history = model.fit(x, y, batch_size=8, verbose=0, validation_split=0.2, **words(keras, epochs=3))
    return {
        **numbers(history, model, x),
        "evaluate": [float(v) for v in model.evaluate(x, y, verbose=0)],
        "names": list(model.metrics_names),
    }


OPTIMIZERS = {
    "sgd": ("SGD", {}),
    "sgd_decay": ("SGD", {"lr": 0.2, "decay": 0.1, "momentum": 0.9, "nesterov": True}),
    "sgd_clipnorm": ("SGD", {"lr": 0.5, "clipnorm": 0.05}),
    "sgd_clipvalue": ("SGD", {"lr": 0.5, "clipvalue": 0.01}),
    "rmsprop": ("RMSprop", {}),
    "rmsprop_decay": ("RMSprop", {"lr": 0.01, "decay": 0.05}),
    "adagrad": ("Adagrad", {}),
    "adadelta": ("Adadelta", {}),
    "adam": ("Adam", {}),
    "adam_decay": ("Adam", {"lr": 0.05, "decay": 0.2}),
    "adamax": ("Adamax", {}),
    "nadam": ("Nadam", {}),
}

LOSSES = {
    "mean_squared_error": {},
    "mean_absolute_error": {},
    "mean_absolute_percentage_error": {"activation": "linear", "y": random(22, 3, seed=9)},
    "mean_squared_logarithmic_error": {"activation": "linear"},
    "squared_hinge": {"activation": "linear"},
    "hinge": {"activation": "tanh"},
    "categorical_crossentropy": {"activation": "sigmoid"},
    "binary_crossentropy": {"activation": "sigmoid"},
    "kullback_leibler_divergence": {},
    "poisson": {},
    "cosine_proximity": {"activation": "linear"},
    "sparse_categorical_crossentropy": {
        "activation": "sigmoid",
        "y": np.random.RandomState(1).randint(0, 3, (22, 1)),
    },
}


def program_optimizer(name):
    def run(keras):
        kind, settings = OPTIMIZERS[name]
        return trained(keras, getattr(keras.optimizers, kind)(**settings))

    return run


def program_loss(name):
    return lambda keras: trained(keras, "sgd", name, **LOSSES[name])


def by_name_of_optimizer(keras):
    return trained(keras, "adam", "binary_crossentropy", 1, "sigmoid", np.random.RandomState(4).randint(0, 2, 22))


def regularized(keras):
    r = keras.regularizers
    both = r.l1_l2(0.02, 0.03) if hasattr(r, "l1_l2") else r.l1l2(0.02, 0.03)
    return trained(keras, "sgd", kernel_regularizer=both, activity_regularizer=r.l2(0.01))


def constrained(keras):
    name = "maxnorm" if hasattr(keras.constraints, "maxnorm") else "max_norm"
    return trained(keras, keras.optimizers.SGD(lr=0.5), kernel_constraint=getattr(keras.constraints, name)(0.5))


def class_weights(keras):
    model = dense_net(keras)
    model.compile("sgd", "categorical_crossentropy", metrics=["accuracy"])
    x, y = random(22, 4), one_hot(22, 3)
    settings = words(keras, epochs=2)
    history = model.fit(x, y, batch_size=8, verbose=0, shuffle=False, class_weight={0: 1.0, 1: 3.0, 2: 0.5}, **settings)
    return numbers(history, model, x)


def sample_weights(keras):
    model = dense_net(keras)
    model.compile("sgd", "categorical_crossentropy", metrics=["accuracy"])
    x, y, weight = random(22, 4), one_hot(22, 3), 0.5 + np.abs(random(22, seed=8))
    history = model.fit(x, y, batch_size=8, verbose=0, shuffle=False, sample_weight=weight, **words(keras, epochs=2))
    return numbers(history, model, x)


def batches_shuffled(keras):
    model = dense_net(keras)
    model.compile("sgd", "categorical_crossentropy")
    x, y = random(22, 4), one_hot(22, 3)
    np.random.seed(6)
    history = model.fit(x, y, batch_size=4, verbose=0, shuffle="batch", **words(keras, epochs=3))
    return numbers(history, model, x)


def own_functions(keras):
    K = keras.backend

    def loss(y_true, y_pred):
        return K.mean(K.square(y_pred - y_true), axis=-1) + 0.1 * K.sum(K.abs(y_pred), axis=-1)

    def mean_pred(y_true, y_pred):
        return K.mean(y_pred)

    model = dense_net(keras)
    model.compile("sgd", loss, metrics=[mean_pred, "categorical_accuracy"])
    x, y = random(22, 4), one_hot(22, 3)
    history = model.fit(x, y, batch_size=8, verbose=0, shuffle=False, **words(keras, epochs=2))
    return numbers(history, model, x)


def on_batches(keras):
    model = dense_net(keras)
    model.compile("rmsprop", "categorical_crossentropy", metrics=["accuracy"])
    x, y = random(8, 4), one_hot(8, 3)
    steps = [[float(v) for v in model.train_on_batch(x, y)] for _ in range(4)]
    return {"steps": steps, "test": [float(v) for v in model.test_on_batch(x, y)]}


def callbacks_of_batches(keras):
    seen = []

    class Watch(keras.callbacks.Callback):
        def on_train_begin(self, logs={}):  # noqa: B006
            self.losses = []

        def on_batch_end(self, batch, logs={}):  # noqa: B006
            self.losses.append([batch, float(logs["loss"]), float(logs["acc"]), float(logs["size"])])

        def on_epoch_end(self, epoch, logs={}):  # noqa: B006
            seen.append([epoch, float(logs["loss"]), float(logs["val_acc"])])

    model = dense_net(keras)
    model.compile("sgd", "categorical_crossentropy", metrics=["accuracy"])
    watch = Watch()
    x, y = random(22, 4), one_hot(22, 3)
    settings = words(keras, epochs=2)
    model.fit(x, y, batch_size=8, verbose=0, shuffle=False, validation_data=(x, y), callbacks=[watch], **settings)
    return {"batches": watch.losses, "epochs": seen}


def rates_scheduled(keras):
    model = dense_net(keras)
    model.compile(keras.optimizers.SGD(lr=0.1), "categorical_crossentropy")
    schedule = keras.callbacks.LearningRateScheduler(lambda epoch: 0.1 / (1.0 + epoch))
    plateau = keras.callbacks.ReduceLROnPlateau(monitor="loss", factor=0.5, patience=1, epsilon=10.0)
    x, y = random(22, 4), one_hot(22, 3)
    first = model.fit(x, y, batch_size=8, verbose=0, shuffle=False, callbacks=[schedule], **words(keras, epochs=3))
    loss = [float(v) for v in first.history["loss"]]
    model.compile(keras.optimizers.SGD(lr=0.5), "mse")
    second = model.fit(x, y, batch_size=8, verbose=0, shuffle=False, callbacks=[plateau], **words(keras, epochs=5))
    rates = [float(v) for v in second.history["lr"]]
    return {"loss": loss, "rates": rates, "weights": [float(np.abs(w).sum()) for w in model.get_weights()]}


def stopped_early(keras):
    model = dense_net(keras)
    model.compile(keras.optimizers.SGD(lr=8.0), "mse")
    stop = keras.callbacks.EarlyStopping(monitor="val_loss", patience=2)
    x, y = random(22, 4), one_hot(22, 3)
    settings = words(keras, epochs=30)
    history = model.fit(
        x, y, batch_size=8, verbose=0, shuffle=False, validation_split=0.3, callbacks=[stop], **settings
    )
    return {"epochs": len(history.epoch), "loss": [float(v) for v in history.history["loss"]]}


def generated(keras):
    def batches():
        number = 0
        while True:
            yield random(6, 4, seed=number % 5), one_hot(6, 3, seed=number % 5)
            number += 1

    model = dense_net(keras)
    model.compile("sgd", "categorical_crossentropy", metrics=["accuracy"])
    if keras.__version__.startswith("1"):
        history = model.fit_generator(batches(), 30, 2, verbose=0, validation_data=(random(6, 4), one_hot(6, 3)))
        measured = model.evaluate_generator(batches(), 18)
    else:
        history = model.fit_generator(batches(), 5, 2, verbose=0, validation_data=(random(6, 4), one_hot(6, 3)))
        measured = model.evaluate_generator(batches(), 3)
    return {**numbers(history, model, random(4, 4)), "measured": [float(v) for v in measured]}


def image_net(keras, *layers):
    model = keras.models.Sequential()
    for layer in layers:
        model.add(layer)
    model.add(keras.layers.Flatten())
    model.add(keras.layers.Dense(2, activation="softmax"))
    weights_for(model)
    model.compile("sgd", "categorical_crossentropy", metrics=["accuracy"])
    return model


def fitted_images(keras, model, shape=(6, 7, 2)):
    x, y = random(10, *shape), one_hot(10, 2)
    history = model.fit(x, y, batch_size=4, verbose=0, shuffle=False, **words(keras, epochs=2))
    return numbers(history, model, x)


def convolutions(keras):
    L = keras.layers
    if keras.__version__.startswith("1"):
        layers = (
            L.Convolution2D(4, 3, 2, border_mode="same", subsample=(2, 1), activation="relu", input_shape=(6, 7, 2)),
            L.MaxPooling2D(pool_size=(2, 2), border_mode="same"),
            L.ZeroPadding2D((1, 2)),
            L.Convolution2D(3, 2, 2, bias=False),
            L.AveragePooling2D((2, 2), strides=(1, 1)),
        )
    else:
        layers = (
            L.Conv2D(4, (3, 2), padding="same", strides=(2, 1), activation="relu", input_shape=(6, 7, 2)),
            L.MaxPooling2D(pool_size=(2, 2), padding="same"),
            L.ZeroPadding2D((1, 2)),
            L.Conv2D(3, 2, use_bias=False),
            L.AveragePooling2D((2, 2), strides=(1, 1)),
        )
    return fitted_images(keras, image_net(keras, *layers))


def convolutions_of_keras_1_in_2(keras):
    L = keras.layers
    layers = (
        L.Convolution2D(4, 3, 3, border_mode="same", input_shape=(6, 7, 2), init="uniform"),
        L.Activation("relu"),
        L.MaxPooling2D(pool_size=(2, 2), dim_ordering="tf"),
    )
    return fitted_images(keras, image_net(keras, *layers))


def rarer_convolutions(keras):
    L = keras.layers
    layers = (
        L.SeparableConv2D(4, (3, 3), depth_multiplier=2, activation="relu", input_shape=(6, 7, 2)),
        L.Conv2DTranspose(3, (3, 2), strides=(2, 2), padding="same"),
        L.Conv2DTranspose(2, (2, 3), strides=(1, 2), padding="valid"),
        L.UpSampling2D((2, 1)),
        L.Cropping2D(((1, 2), (0, 1))),
        L.DepthwiseConv2D((2, 2)),
    )
    return fitted_images(keras, image_net(keras, *layers))


def sequences(keras):
    L = keras.layers
    if keras.__version__.startswith("1"):
        layers = (
            L.Convolution1D(4, 3, border_mode="same", activation="relu", input_shape=(8, 3)),
            L.MaxPooling1D(2),
            L.UpSampling1D(3),
            L.ZeroPadding1D(1),
            L.AveragePooling1D(pool_length=2, stride=1),
        )
    else:
        layers = (
            L.Conv1D(4, 3, padding="causal", dilation_rate=2, activation="relu", input_shape=(8, 3)),
            L.MaxPooling1D(2),
            L.UpSampling1D(3),
            L.ZeroPadding1D(1),
            L.AveragePooling1D(pool_size=2, strides=1),
        )
    return fitted_images(keras, image_net(keras, *layers), (8, 3))


def normalized(keras):
    L = keras.layers
    model = keras.models.Sequential()
    model.add(L.Dense(5, input_dim=4))
    model.add(L.BatchNormalization())
    model.add(L.Activation("relu"))
    model.add(L.BatchNormalization(momentum=0.8, epsilon=0.01))
    model.add(L.Dense(3, activation="softmax"))
    model.layers[0].set_weights([random(4, 5, seed=5), random(5, seed=6)])
    model.layers[4].set_weights([random(5, 3, seed=7), random(3, seed=8)])
    model.compile("sgd", "categorical_crossentropy")
    x, y = random(22, 4), one_hot(22, 3)
    history = model.fit(x, y, batch_size=8, verbose=0, shuffle=False, **words(keras, epochs=2))
    found = numbers(history, model, x)
    return {**found, "running": [w.astype(float).tolist() for w in model.layers[1].get_weights()]}


def normalized_images(keras):
    L = keras.layers
    model = keras.models.Sequential()
    model.add(L.BatchNormalization(input_shape=(3, 3, 2)))
    model.add(L.Flatten())
    model.add(L.Dense(2, activation="softmax"))
    model.layers[2].set_weights([random(18, 2, seed=7), random(2, seed=8)])
    model.compile("sgd", "categorical_crossentropy")
    x, y = random(10, 3, 3, 2), one_hot(10, 2)
    history = model.fit(x, y, batch_size=4, verbose=0, shuffle=False, **words(keras, epochs=2))
    found = numbers(history, model, x)
    return {**found, "running": [w.astype(float).tolist() for w in model.layers[0].get_weights()]}


def activations_all(keras):
    L = keras.layers
    names = ["softmax", "softplus", "softsign", "relu", "tanh", "sigmoid", "hard_sigmoid", "linear"]
    names += [] if keras.__version__.startswith("1") else ["elu", "selu"]
    x, found = random(4, 6) * 4, {}
    for name in names:
        model = keras.models.Sequential()
        model.add(L.Activation(name, input_shape=(6,)))
        found[name] = model.predict(x).astype(float).tolist()
    for layer in (L.LeakyReLU, L.ELU, L.ThresholdedReLU):
        model = keras.models.Sequential()
        model.add(layer(0.7, input_shape=(6,)))
        found[layer.__name__] = model.predict(x).astype(float).tolist()
    model = keras.models.Sequential()
    model.add(L.PReLU(input_shape=(6,), weights=[random(6, seed=3)]))
    found["prelu"] = model.predict(x).astype(float).tolist()
    return found


def embedded(keras):
    L = keras.layers
    model = keras.models.Sequential()
    model.add(L.Embedding(7, 3, input_length=4))
    model.add(L.Flatten())
    model.add(L.Dense(1, activation="sigmoid"))
    weights_for(model)
    model.compile("rmsprop", "binary_crossentropy", metrics=["acc"])
    draw = np.random.RandomState(3)
    x, y = draw.randint(0, 7, (12, 4)), draw.randint(0, 2, 12)
    history = model.fit(x, y, batch_size=4, verbose=0, shuffle=False, **words(keras, epochs=2))
    return numbers(history, model, x)


def functional(keras):
    L = keras.layers
    first, second = L.Input(shape=(4,)), L.Input(shape=(3,))
    shared = L.Dense(5, activation="relu")
    a, b = shared(first), L.Dense(5)(second)
    if keras.__version__.startswith("1"):
        joined, total = L.merge([a, b], mode="concat"), L.merge([a, b], mode="sum")
        other = L.merge([a, b], mode="dot", dot_axes=1)
    else:
        joined, total = L.concatenate([a, b]), L.add([a, b])
        other = L.dot([a, b], axes=1)
    one = L.Dense(2, activation="softmax", name="one")(joined)
    two = L.Dense(1, name="two")(total)
    if keras.__version__.startswith("1"):
        model = keras.models.Model(input=[first, second], output=[one, two, other])
    else:
        model = keras.models.Model(inputs=[first, second], outputs=[one, two, other])
    weights_for(model)
    losses = ["categorical_crossentropy", "mse", "mae"]
    model.compile("sgd", losses, metrics={"one": "accuracy"}, loss_weights=[1.0, 0.3, 0.1])
    x, y = [random(12, 4), random(12, 3, seed=4)], [one_hot(12, 2), random(12, 1, seed=5), random(12, 1, seed=6)]
    history = model.fit(x, y, batch_size=4, verbose=0, shuffle=False, **words(keras, epochs=2))
    names = [name for name in model.metrics_names if not name.startswith(("dot", "merge"))]
    return {
        "loss": [float(v) for v in history.history["loss"]],
        "one_acc": [float(v) for v in history.history["one_acc"]],
        "names": names,
        "evaluate": [float(v) for v in model.evaluate(x, y, verbose=0)],
        "predictions": [np.asarray(each).astype(float).tolist() for each in model.predict(x)],
    }


def own_layer(keras):
    K = keras.backend

    class Scaled(keras.layers.Layer if hasattr(keras.layers, "Layer") else keras.engine.topology.Layer):
        def __init__(self, units, **settings):
            self.units = units
            super().__init__(**settings)

        def build(self, input_shape):
            shape = (input_shape[1], self.units)
            if keras.__version__.startswith("1"):
                self.kernel = self.add_weight(shape, initializer="uniform", name="kernel", trainable=True)
                self.scale = self.add_weight((self.units,), initializer="one", name="scale")
            else:
                self.kernel = self.add_weight(name="kernel", shape=shape, initializer="uniform", trainable=True)
                self.scale = self.add_weight(name="scale", shape=(self.units,), initializer="ones")
            super().build(input_shape)

        def call(self, x, mask=None):
            return self.scale * K.dot(x, self.kernel)

        def get_output_shape_for(self, input_shape):
            return (input_shape[0], self.units)

        compute_output_shape = get_output_shape_for

    model = keras.models.Sequential()
    model.add(Scaled(5, input_shape=(4,)))
    model.add(keras.layers.Lambda(lambda x: K.relu(x) ** 2 + 0.1, output_shape=(5,)))
    model.add(keras.layers.Dense(3, activation="softmax"))
    weights_for(model)
    model.compile("sgd", "categorical_crossentropy")
    x, y = random(22, 4), one_hot(22, 3)
    history = model.fit(x, y, batch_size=8, verbose=0, shuffle=False, **words(keras, epochs=2))
    return numbers(history, model, x)


def of_keras_1(keras):
    L = keras.layers
    left, right = keras.models.Sequential(), keras.models.Sequential()
    left.add(L.Dense(4, input_dim=3))
    right.add(L.MaxoutDense(4, nb_feature=3, input_dim=3))
    right.add(L.Highway(activation="tanh"))
    model = keras.models.Sequential()
    model.add(L.Merge([left, right], mode="concat"))
    model.add(L.Dense(2, init="uniform", activation="softmax"))
    weights_for(model)
    model.compile("sgd", "categorical_crossentropy", metrics=["accuracy"])
    x, y = [random(12, 3), random(12, 3, seed=4)], one_hot(12, 2)
    history = model.fit(x, y, batch_size=4, verbose=0, shuffle=False, nb_epoch=2)
    return {**numbers(history, model, x), "classes": model.predict_classes(x, verbose=0).tolist()}


def frozen_inside(keras):
    inner = dense_net(keras, 3, "tanh")
    inner.compile("sgd", "mse")
    inner.trainable = False
    model = keras.models.Sequential()
    model.add(keras.layers.Dense(4, input_dim=4))
    model.add(inner)
    model.layers[0].set_weights([random(4, 4, seed=3), random(4, seed=4)])
    model.compile("sgd", "mse")
    x, y = random(8, 4), random(8, 3, seed=5)
    losses = [float(model.train_on_batch(x, y)) for _ in range(2)]
    before = float(np.abs(inner.get_weights()[0]).sum())
    losses += [float(inner.train_on_batch(x, y)) for _ in range(2)]
    return {"losses": losses, "sums": [before, float(np.abs(inner.get_weights()[0]).sum())]}


def backend(keras):
    K = keras.backend
    x, y = K.variable(random(3, 4)), K.variable(random(3, 4, seed=1))
    found = {
        "mean": K.mean(x, axis=0), "sum": K.sum(x, axis=1, keepdims=True), "max": K.max(x), "min": K.min(x, axis=-1),
        "argmax": K.argmax(x, axis=1), "square": K.square(x), "sqrt": K.sqrt(x), "log": K.log(K.abs(x)),
        "exp": K.exp(x), "clip": K.clip(x, -0.2, 0.3), "dot": K.dot(x, K.transpose(y)), "equal": K.equal(x, x),
        "maximum": K.maximum(x, y), "minimum": K.minimum(x, 0.1), "concatenate": K.concatenate([x, y], axis=0),
        "batch_flatten": K.batch_flatten(x), "l2_normalize": K.l2_normalize(x, axis=1), "std": K.std(x, axis=1),
        "var": K.var(x), "round": K.round(x * 3.0), "sign": K.sign(x), "pow": K.pow(x, 2.0), "cast": K.cast(x, "int32"),
        "reshape": K.reshape(x, (4, 3)), "permute": K.permute_dimensions(x, (1, 0)), "repeat": K.repeat(x, 2),
        "expand": K.expand_dims(x, 1), "one_hot": K.one_hot(K.cast(K.argmax(x), "int32"), 4),
        "switch": K.switch(K.equal(K.sum(x), 0.0), x, y), "softmax": K.softmax(x), "relu": K.relu(x, 0.1, 0.5),
        "hard_sigmoid": K.hard_sigmoid(x * 3.0), "batch_dot": K.batch_dot(x, y, axes=1),
        "elements": K.repeat_elements(x, 2, axis=1), "tile": K.tile(x, (2, 1)), "any": K.any(K.equal(x, x)),
        "prod_of_scalars": x * 2.0 + 1.0 - y / 3.0,
    }  # fmt: skip
    values = {name: np.asarray(K.eval(value)).astype(float).tolist() for name, value in found.items()}
    return {**values, "shape": list(K.int_shape(x)), "ndim": K.ndim(x), "epsilon": K.epsilon()}


def inside(keras):
    K = keras.backend
    model = dense_net(keras)
    outputs = K.function([model.layers[0].input, K.learning_phase()], [model.layers[0].output, model.output])
    x = random(5, 4)
    first = [np.asarray(v).astype(float).tolist() for v in outputs([x, 0])]
    loss = K.mean(model.output[:, 1])
    slope = K.gradients(loss, model.input)[0]
    slope /= K.sqrt(K.mean(K.square(slope))) + 1e-5
    iterate = K.function([model.input], [loss, slope])
    second = [np.asarray(v).astype(float).tolist() for v in iterate([x])]
    return {"first": first, "second": second}


PROGRAMS = {f"optimizer_{name}": program_optimizer(name) for name in OPTIMIZERS}
PROGRAMS |= {f"loss_{name}": program_loss(name) for name in LOSSES}
PROGRAMS |= {
    function.__name__: function
    for function in (
        *(by_name_of_optimizer, regularized, constrained, class_weights, sample_weights, batches_shuffled),
        *(own_functions, on_batches, callbacks_of_batches, rates_scheduled, stopped_early, generated, convolutions),
        *(convolutions_of_keras_1_in_2, rarer_convolutions, sequences, normalized, normalized_images),
        *(activations_all, embedded, functional, own_layer, of_keras_1, frozen_inside, backend, inside),
    )
}

ONLY = {
    "convolutions_of_keras_1_in_2": "keras2",
    "rarer_convolutions": "keras2",
    "of_keras_1": "keras1",
}
"""Programs that only one version runs."""

RACES = {
    "optimizer_sgd_decay",
    "optimizer_rmsprop_decay",
    "optimizer_adam_decay",
    "optimizer_adamax",
    "optimizer_nadam",
}
RACES |= {"optimizer_adam", "by_name_of_optimizer"}
"""Programs that Keras 1 has no one answer for: it counts a step while it reads the count, whichever comes first."""
