import numpy as np
import tensorflow as tf

tf.enable_eager_execution()
x = np.arange(10, dtype=np.float32).reshape(5, 2)
y = np.arange(5)
pairs = tf.data.Dataset.from_tensor_slices((x, y))
numbers = tf.data.Dataset.range(6)
result = {
    "pairs": [(a.numpy(), b.numpy()) for a, b in pairs],
    "batches": [(a.numpy(), b.numpy()) for a, b in pairs.batch(2)],
    "whole_batches": [b.numpy() for _, b in pairs.batch(2, drop_remainder=True)],
    "repeated": [b.numpy() for _, b in pairs.repeat(2).batch(4)],
    "mapped": [v.numpy() for v in pairs.map(lambda a, b: tf.reduce_sum(a) + tf.cast(b, tf.float32))],
    "taken": [n.numpy() for n in numbers.repeat().skip(2).take(7)],
    "zipped": [(a.numpy(), b.numpy()) for a, b in tf.data.Dataset.zip((numbers, numbers.map(lambda n: n * n)))],
    "filtered": [n.numpy() for n in numbers.filter(lambda n: tf.equal(n % 2, 1))],
    "joined": [n.numpy() for n in numbers.take(2).concatenate(numbers.skip(4)).prefetch(1)],
    "dictionaries": [
        {k: v.numpy() for k, v in d.items()} for d in tf.data.Dataset.from_tensor_slices({"a": y, "b": y * 2}).take(2)
    ],
    "shuffled": sorted(int(n) for n in numbers.shuffle(3)),
    "of_one": [t.numpy() for t in tf.data.Dataset.from_tensors(x)],
    "next": next(iter(pairs))[1].numpy(),
    "one_shot": pairs.make_one_shot_iterator().get_next()[0].numpy(),
    "flat": [n.numpy() for n in tf.data.Dataset.range(3).flat_map(lambda n: tf.data.Dataset.range(n))],
    "generated": [n.numpy() for n in tf.data.Dataset.from_generator(lambda: iter([3, 1, 4]), tf.int64)],
}
