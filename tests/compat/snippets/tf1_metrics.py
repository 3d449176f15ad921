import tensorflow as tf

labels = tf.placeholder(tf.int64, [None])
predictions = tf.placeholder(tf.int64, [None])
scores = tf.placeholder(tf.float32, [None])
accuracy, accuracy_update = tf.metrics.accuracy(labels, predictions)
mean, mean_update = tf.metrics.mean(scores)
precision, precision_update = tf.metrics.precision(labels, predictions)
recall, recall_update = tf.metrics.recall(labels=labels, predictions=predictions)
auc, auc_update = tf.metrics.auc(labels, scores)
updates = [accuracy_update, mean_update, precision_update, recall_update, auc_update]
batches = [([1, 0, 1, 1], [1, 1, 0, 1], [0.9, 0.6, 0.3, 0.8]), ([0, 0, 1], [0, 1, 1], [0.1, 0.7, 0.65])]
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    sess.run(tf.local_variables_initializer())
    result = {"updates": [], "values": []}
    for batch in batches:
        feed = dict(zip((labels, predictions, scores), batch))
        result["updates"].append(sess.run(updates, feed))
        result["values"].append(sess.run([accuracy, mean, precision, recall, auc]))
    result["local"] = [v.name for v in tf.local_variables()][:4]
    result["global"] = len(tf.global_variables())
    sess.run(tf.local_variables_initializer())
    result["reset"] = sess.run(mean)
