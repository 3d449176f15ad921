import numpy as np
from keras import initializers, regularizers
from keras.callbacks import Callback, EarlyStopping, LearningRateScheduler
from keras.layers import Dense
from keras.models import Sequential, model_from_json
from keras.preprocessing.sequence import pad_sequences
from keras.preprocessing.text import Tokenizer
from keras.utils import normalize, to_categorical

tokenizer = Tokenizer(num_words=5)
texts = ["The cat sat on the mat.", "The dog ate my homework, the cat did not"]
tokenizer.fit_on_texts(texts)
seen = []


class Watch(Callback):
    def on_epoch_end(self, epoch, logs=None):
        seen.append((epoch, sorted(logs)))


model = Sequential(
    [Dense(1, input_dim=2, kernel_initializer=initializers.Ones(), kernel_regularizer=regularizers.l1(0.1))]
)
model.compile("sgd", "mse")
x, y = np.ones((4, 2)), np.zeros((4, 1))
rate = LearningRateScheduler(lambda epoch: 0.1 / (epoch + 1))
history = model.fit(
    x, y, epochs=5, verbose=0, shuffle=False, callbacks=[rate, Watch(), EarlyStopping(monitor="loss", min_delta=0.05)]
)
again = model_from_json(model.to_json())
result = {
    "categorical": [to_categorical([0, 2, 1]), to_categorical([[1], [0]], num_classes=3)],
    "normalized": normalize(np.array([[3.0, 4.0], [0.0, 2.0]])),
    "padded": [pad_sequences([[1, 2, 3], [4]], maxlen=2), pad_sequences([[1], [2, 3]], padding="post", value=9)],
    "words": [
        tokenizer.texts_to_sequences(texts),
        tokenizer.texts_to_matrix(texts, mode="binary"),
        tokenizer.word_index,
    ],
    "losses": [float(v) for v in history.history["loss"]],
    "seen": seen,
    "again": [layer.__class__.__name__ for layer in again.layers],
    "weights": model.get_weights(),
}
