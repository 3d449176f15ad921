import tensorflow as tf

a = tf.constant(1.0)
b = tf.constant(2.0, name="b")
c = tf.add(a, b)
d = a * b
e = a + b
x = tf.placeholder(tf.float32, [None, 3], name="x")
x2 = tf.placeholder("float")
x3 = tf.placeholder(tf.int32, name="x")
v = tf.Variable(1.0)
v2 = tf.Variable([1.0], name="weights")
v3 = tf.Variable(1.0, name="weights")
with tf.name_scope("layer"):
    w = tf.Variable(tf.zeros([3, 2]), name="w")
    y = tf.matmul(x, w, name="product")
    z = tf.nn.relu(y)
with tf.name_scope("layer"):
    w2 = tf.Variable(0, name="w")
    with tf.name_scope("inner") as scope:
        h = tf.identity(x, name="h")
with tf.variable_scope("model"):
    g = tf.get_variable("g", [2])
    u = tf.constant(0)
with tf.variable_scope("model", reuse=True):
    g2 = tf.get_variable("g", [2])
    u2 = tf.constant(0)
named = [a, b, c, d, e, x, x2, x3, v, v2, v3, w, y, z, w2, h, g, u, g2, u2]
result = {
    "names": [t.name for t in named],
    "operations": [t.op.name for t in named],
    "types": [t.op.type for t in (a, d, x, y, z, h)],
    "texts": [str(a), str(c), str(x), str(x2), str(y), str(x3), repr(b), str(w), repr(v2)],
    "variables": [v.name for v in tf.global_variables()],
    "scope": scope,
    "same": g is g2 or g.name == g2.name,
    "found": [tf.get_default_graph().get_tensor_by_name("layer/product:0") is y, v.dtype.base_dtype.name],
    "operation": tf.get_default_graph().get_operation_by_name("layer/product").name,
    "dtypes": [str(a.dtype), x3.dtype.name, repr(tf.float32), str(tf.int64), tf.bool.name],
    "group": [tf.group(c, d).name, tf.no_op(name="nothing").name, tf.global_variables_initializer().name],
}
