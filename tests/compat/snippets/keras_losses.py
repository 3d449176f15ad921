import numpy as np
from keras import backend as K
from keras import losses

random = np.random.RandomState(33)
y_true = np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]], "float32")
y_pred = np.array([[0.2, 0.7, 0.1], [0.05, 0.9, 0.3]], "float32")
sparse = np.array([[1], [0]], "float32")
result = {}
for name in (
    "mean_squared_error", "mean_absolute_error", "mean_absolute_percentage_error", "mean_squared_logarithmic_error",
    "squared_hinge", "hinge", "categorical_hinge", "logcosh", "categorical_crossentropy", "binary_crossentropy",
    "kullback_leibler_divergence", "poisson",
):  # fmt: skip
    function = losses.get(name)
    labels = y_true * 2 - 1 if name in ("hinge", "squared_hinge") else y_true
    result[name] = K.eval(function(K.constant(labels), K.constant(y_pred)))
result["sparse_categorical_crossentropy"] = K.eval(
    losses.sparse_categorical_crossentropy(K.constant(sparse), K.constant(y_pred))
)
