import tensorflow as tf

calls = []


@tf.function
def power(x, n):
    calls.append(n)
    return x**n


v = tf.Variable(1.0)


@tf.function
def grow(amount):
    v.assign_add(amount)
    return v * 2.0


x = tf.constant([1.0, 2.0])
result = [power(x, 2).numpy(), power(x, 2).numpy(), power(x, 3).numpy(), calls]
result += [grow(tf.constant(2.0)).numpy(), grow(tf.constant(3.0)).numpy(), v.numpy()]
with tf.GradientTape() as tape:
    tape.watch(x)
    y = power(x, 2)
result.append(tape.gradient(y, x).numpy())
