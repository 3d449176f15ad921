import tensorflow as tf

flags = tf.app.flags
FLAGS = flags.FLAGS
flags.DEFINE_string("name_of_data", "digits", "which data")
flags.DEFINE_integer("steps", 20, "how many steps")
flags.DEFINE_float("rate", 0.5, "the learning rate")
flags.DEFINE_boolean("quiet", False, "say nothing")
tf.app.flags.DEFINE_bool("loud", True, "say everything")
tf.logging.set_verbosity(tf.logging.ERROR)
tf.logging.info("not shown")
called = []


def main(_):
    called.append([FLAGS.name_of_data, FLAGS.steps, FLAGS.rate, FLAGS.quiet, FLAGS.loud])


try:
    tf.app.run(main=main, argv=["program"])
except SystemExit as error:
    called.append([error.code])
FLAGS.steps = 3
result = [called, FLAGS.steps, tf.VERSION.split(".")[0] in "12"]
