import numpy as np
from keras.layers.core import Activation, Dense, Dropout
from keras.models import Sequential
from keras.optimizers import SGD
from keras.regularizers import l2
from keras.utils import np_utils

random = np.random.RandomState(37)
X = random.rand(24, 5)
Y = np_utils.to_categorical(random.randint(0, 3, 24), 3)
model = Sequential()
model.add(Dense(output_dim=6, input_dim=5, init="uniform", W_regularizer=l2(0.01)))
model.add(Activation("relu"))
model.add(Dropout(p=0.0))
model.add(Dense(3, bias=False))
model.add(Activation("softmax"))
model.set_weights([random.randn(5, 6), np.zeros(6), random.randn(6, 3)])
model.compile(loss="categorical_crossentropy", optimizer=SGD(lr=0.1, momentum=0.9, nesterov=True), metrics=["accuracy"])
history = model.fit(X, Y, nb_epoch=4, batch_size=8, shuffle=False, verbose=0, validation_split=0.25)
result = {
    "history": {name: [float(v) for v in values] for name, values in history.history.items()},
    "evaluated": [float(v) for v in model.evaluate(X, Y, verbose=0)],
    "names": model.metrics_names,
    "probabilities": model.predict_proba(X[:2], verbose=0),
    "classes": model.predict_classes(X, verbose=0),
    "weights": model.get_weights(),
}
