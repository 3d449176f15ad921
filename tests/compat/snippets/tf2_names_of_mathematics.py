import tensorflow as tf

x = tf.constant([[0.5, 1.5], [2.0, 4.0]])
v = tf.Variable(initial_value=[1.0, 2.0], shape=(2,), dtype=tf.float32)
logits = tf.constant([[1.0, -1.0], [0.0, 3.0]])
result = {
    "math": [
        tf.math.log(x).numpy(),
        tf.math.exp(x).numpy(),
        tf.math.reduce_sum(x, 1, keepdims=True).numpy(),
        tf.math.argmax(x, axis=1).numpy(),
    ],
    "divisions": [
        tf.math.divide(x, 2).numpy(),
        tf.math.floordiv(7, 2).numpy(),
        tf.math.mod(-7, 3).numpy(),
        tf.math.divide_no_nan([1.0], [0.0]).numpy(),
    ],
    "losses": [
        tf.nn.sigmoid_cross_entropy_with_logits(labels=x, logits=logits).numpy(),
        tf.nn.softmax_cross_entropy_with_logits(labels=[[0.0, 1.0], [1.0, 0.0]], logits=logits).numpy(),
    ],
    "softmax": [tf.nn.softmax(logits, axis=0).numpy(), tf.nn.log_softmax(logits, axis=-1).numpy()],
    "dropout": [tf.nn.dropout(x, rate=0.0).numpy(), sorted(set(tf.nn.dropout(tf.ones([400]), 0.75).numpy().tolist()))],
    "variable": [v.numpy(), v.assign_sub([0.5, 0.5]).numpy(), (v * 2).numpy()],
    "comparison": [(x == 2.0).numpy(), (x != 2.0).numpy(), bool(tf.constant(1) == 1)],
    "reductions": [
        tf.reduce_mean(x, axis=0).numpy(),
        tf.math.reduce_std(x).numpy(),
        tf.math.reduce_variance(x, 1).numpy(),
    ],
    "where": tf.where(x > 1, x, 0.0).numpy(),
    "clip": [tf.clip_by_value(x, 1e-9, 1.0).numpy(), tf.clip_by_norm(x, 1.0).numpy()],
    "linear_algebra": [tf.linalg.matmul(x, x, transpose_b=True).numpy(), tf.linalg.inv(x).numpy(), tf.norm(x).numpy()],
    "shown": [str(x[0]), repr(v), str(tf.constant(3)), repr(tf.constant([1, 2]))],
    "shape": [x.shape[0], x.shape.as_list(), tuple(x.shape)],
    "gradient": [],
}
with tf.GradientTape() as tape:
    hidden = v * 3.0
    loss = tf.reduce_sum(hidden * hidden)
result["gradient"] = tape.gradient(loss, [hidden, v])[1].numpy()
