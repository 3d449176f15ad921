import tensorflow as tf

tf.enable_eager_execution()
x = tf.constant([1.0, 2.0, 3.0])
v = tf.Variable([2.0, 0.5, -1.0])
scale = tf.Variable(3.0)
lone = tf.Variable(1.0)
with tf.GradientTape() as tape:
    tape.watch(x)
    y = tf.reduce_sum(x * x * v) * scale
gradients = tape.gradient(y, [x, v, scale, lone])
result = {"of_a_list": [None if g is None else g.numpy() for g in gradients]}
with tf.GradientTape(persistent=True) as tape:
    tape.watch(x)
    square = x * x
    cube = square * x
result["persistent"] = [
    tape.gradient(square, x).numpy(),
    tape.gradient(cube, x).numpy(),
    tape.gradient(cube, square).numpy(),
]
result["targets_add_up"] = tape.gradient([square, cube], x).numpy()
result["weighted"] = tape.gradient(cube, x, output_gradients=tf.constant([1.0, 0.0, 2.0])).numpy()
del tape
with tf.GradientTape() as outer:
    with tf.GradientTape() as inner:
        z = tf.reduce_sum(v**3)
    first = inner.gradient(z, v)
second = outer.gradient(first, v)
result["nested"] = [first.numpy(), second.numpy()]
with tf.GradientTape() as tape:
    z = tf.reduce_sum(x * 2.0)
result["unwatched"] = tape.gradient(z, x) is None
with tf.GradientTape() as tape:
    tape.watch(x)
    with tape.stop_recording():
        hidden = x * 5.0
    z = tf.reduce_sum(hidden * x)
result["paused"] = tape.gradient(z, x).numpy()
with tf.GradientTape() as tape:
    tape.watch(x)
    z = tf.reduce_sum(tf.stop_gradient(x) * x)
result["stopped"] = tape.gradient(z, x).numpy()
with tf.GradientTape(watch_accessed_variables=False) as tape:
    tape.watch(v)
    z = tf.reduce_sum(v) * scale
result["chosen"] = [None if g is None else g.numpy() for g in tape.gradient(z, [v, scale])]
with tf.GradientTape() as tape:
    z = tf.reduce_sum(v * v)
tape.gradient(z, v)
try:
    tape.gradient(z, v)
except RuntimeError as error:
    result["again"] = type(error).__name__
with tf.GradientTape() as tape:
    z = tf.reduce_sum(v * scale)
result["structure"] = {name: g.numpy() for name, g in tape.gradient(z, {"a": v, "b": scale}).items()}
result["watched"] = len(tape.watched_variables())
