import numpy as np
from keras import backend as K

x = K.variable(np.array([[1.0, -2.0, 3.0], [0.5, 4.0, -1.0]]), name="x")
p = K.constant([[0.2, 0.8, 0.0], [0.5, 0.5, 1.0]])
values = {
    "means": [
        K.mean(x),
        K.mean(x, axis=0),
        K.sum(x, axis=-1, keepdims=True),
        K.prod(x, axis=1),
        K.std(x),
        K.var(x, axis=0),
    ],
    "extremes": [K.max(x, axis=1), K.min(x), K.argmax(x), K.argmin(x, axis=0), K.maximum(x, p), K.minimum(x, 0.0)],
    "elementwise": [
        K.square(x),
        K.sqrt(K.abs(x)),
        K.exp(x),
        K.log(p + 1),
        K.pow(x, 2),
        K.sign(x),
        K.round(x),
        K.clip(x, -1, 2),
    ],
    "activations": [
        K.relu(x),
        K.relu(x, alpha=0.1, max_value=2.0),
        K.softmax(x),
        K.sigmoid(x),
        K.tanh(x),
        K.elu(x),
        K.softplus(x),
        K.hard_sigmoid(x),
        K.softsign(x),
    ],
    "shapes": [
        K.concatenate([x, p], axis=0),
        K.reshape(x, (3, 2)),
        K.transpose(x),
        K.expand_dims(x, 1),
        K.flatten(x),
        K.stack([x, p]),
    ],
    "products": [K.dot(x, K.transpose(p)), K.batch_dot(x, p, axes=1), K.l2_normalize(x, axis=1)],
    "comparisons": [
        K.equal(x, 4.0),
        K.greater(x, p),
        K.cast(K.less(x, 0.0), "float32"),
        K.any(x > 3.5, axis=1),
        K.all(x > -3.0),
    ],
    "crossentropies": [K.binary_crossentropy(p, K.sigmoid(x)), K.categorical_crossentropy(p, K.softmax(x))],
    "fills": [K.zeros((2, 2)), K.ones_like(x), K.eye(2), K.one_hot(K.constant([1, 0], dtype="int32"), 3)],
    "switch": K.switch(K.constant(1.0) > 0.0, x * 2, x),
    "gathered": [K.gather(x, K.constant([1, 0], dtype="int32")), K.repeat_elements(x, 2, axis=1), K.tile(x, (1, 2))],
}
result = {
    name: [K.eval(v) for v in found] if isinstance(found, list) else K.eval(found) for name, found in values.items()
}
K.set_value(x, np.ones((2, 3)))
result["set"] = [K.get_value(x), K.int_shape(x), K.ndim(x), K.dtype(x), K.epsilon(), K.floatx(), K.image_data_format()]
gradient = K.gradients(K.sum(x * x * p), [x])[0]
a = K.placeholder(shape=(None, 3))
function = K.function([a], [K.sum(a * 2, axis=1), gradient])
result["function"] = function([np.ones((2, 3))])
result["counted"] = K.count_params(x)
