import numpy as np
from keras.layers.convolutional import Convolution2D, MaxPooling2D
from keras.layers.core import Dense, Flatten
from keras.models import Sequential

random = np.random.RandomState(38)
X = random.rand(8, 7, 6, 2)
Y = random.rand(8, 1)
model = Sequential()
model.add(Convolution2D(3, 2, 3, border_mode="same", activation="relu", dim_ordering="tf", input_shape=(7, 6, 2)))
model.add(MaxPooling2D(pool_size=(2, 2), border_mode="valid", dim_ordering="tf"))
model.add(Convolution2D(nb_filter=2, nb_row=2, nb_col=2, subsample=(2, 1), border_mode="valid", dim_ordering="tf"))
model.add(Flatten())
model.add(Dense(output_dim=1))
model.set_weights([random.randn(*w.shape) * 0.4 for w in model.get_weights()])
model.compile(loss="mse", optimizer="rmsprop")
history = model.fit(X, Y, nb_epoch=3, batch_size=4, shuffle=False, verbose=0)
result = [[float(v) for v in history.history["loss"]], model.predict(X), [layer.output_shape for layer in model.layers]]
