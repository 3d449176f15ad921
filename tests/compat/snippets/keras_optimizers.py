import numpy as np
from keras import optimizers
from keras.layers import Dense
from keras.models import Sequential

random = np.random.RandomState(32)
x = random.rand(24, 4)
y = random.rand(24, 1)
start = [random.randn(4, 5), np.zeros(5), random.randn(5, 1), np.zeros(1)]
result = {}
for name, optimizer in (
    ("sgd", optimizers.SGD(lr=0.05)),
    ("momentum", optimizers.SGD(lr=0.05, momentum=0.8)),
    ("nesterov", optimizers.SGD(lr=0.05, momentum=0.8, nesterov=True, decay=0.05)),
    ("rmsprop", optimizers.RMSprop(lr=0.01, rho=0.9, epsilon=1e-7)),
    ("rmsprop_decay", optimizers.RMSprop(lr=0.01, decay=0.1)),
    ("adadelta", optimizers.Adadelta(lr=1.0, rho=0.95, epsilon=1e-7)),
    ("adam", optimizers.Adam(lr=0.01, beta_1=0.8, beta_2=0.99)),
    ("adam_decay", optimizers.Adam(lr=0.01, decay=0.2)),
    ("amsgrad", optimizers.Adam(lr=0.01, amsgrad=True)),
    ("adamax", optimizers.Adamax(lr=0.02)),
    ("clipvalue", optimizers.SGD(lr=0.2, clipvalue=0.1)),
):
    model = Sequential([Dense(5, activation="sigmoid", input_shape=(4,)), Dense(1)])
    model.set_weights(start)
    model.compile(optimizer=optimizer, loss="mse", metrics=["mae"])
    history = model.fit(x, y, batch_size=8, epochs=4, shuffle=False, verbose=0)
    result[name] = [[float(v) for v in history.history["loss"]], model.get_weights()[2]]
result["names"] = model.metrics_names
