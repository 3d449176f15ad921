"""Oracle: TensorFlow 1's documentation of ConfigProto, RunOptions and RunMetadata; the settings of this package."""

import pytest

import feedforward.compat
from feedforward import set_threads
from feedforward.backends.threads import thread_count


@pytest.fixture
def tf():
    feedforward.compat.install("tf1.15")
    import tensorflow

    yield tensorflow
    feedforward.compat.uninstall()


def test_a_session_takes_the_threads_of_its_configuration(tf):
    try:
        tf.Session(config=tf.ConfigProto(intra_op_parallelism_threads=1))
        assert thread_count() == 1
    finally:
        set_threads()


def test_what_has_no_effect_is_said_once(tf, capfd):
    config = tf.ConfigProto(allow_soft_placement=True)
    config.gpu_options.allow_growth = True
    config.graph_options.optimizer_options.global_jit_level = tf.OptimizerOptions.ON_1
    for _ in range(2):
        assert tf.Session(config=config).run(tf.constant(2.0) + 3.0) == 5.0
    assert capfd.readouterr().err == (
        "feedforward: of tf.ConfigProto, allow_soft_placement, gpu_options, graph_options has no effect: sessions run "
        "compiled, on the processor\n"
    )


def test_a_field_that_there_is_not_is_an_error(tf):
    config = tf.ConfigProto()
    with pytest.raises(AttributeError, match="allow_growth"):
        config.allow_growth = True
    with pytest.raises(TypeError, match=r"config must be a tf\.ConfigProto, but got 'cpu'\."):
        tf.Session(config="cpu")


def test_a_run_with_a_trace_says_once_that_there_is_none(tf, capfd):
    options, metadata = tf.RunOptions(trace_level=tf.RunOptions.FULL_TRACE), tf.RunMetadata()
    sess, total = tf.Session(), tf.constant(2.0) + 3.0
    for _ in range(2):
        assert sess.run(total, options=options, run_metadata=metadata) == 5.0
    assert capfd.readouterr().err.count("Session.run notes no times of operations") == 1
    with pytest.raises(AttributeError, match=r"RunMetadata\.step_stats is not there: .* Time the call"):
        metadata.step_stats  # noqa: B018
    with pytest.raises(TypeError, match=r"options must be a tf\.RunOptions\. Got 3\."):
        sess.run(total, options=3)
    with pytest.raises(TypeError, match=r"run_metadata must be a tf\.RunMetadata\. Got \[\]\."):
        sess.run(total, run_metadata=[])


def test_the_platform_of_the_first_programs_is_there(tf):
    import tensorflow.python.platform
    from tensorflow.g3doc.tutorials.mnist import mnist
    from tensorflow.python.platform import gfile, tf_logging

    assert tensorflow.python.platform.gfile.Exists is gfile.Exists is tf.gfile.Exists
    assert tf_logging.set_verbosity is tf.logging.set_verbosity and mnist.IMAGE_PIXELS == 784
    with pytest.raises(ImportError, match=r"tf\.python\.client\.timeline is not provided: use"):
        from tensorflow.python.client import timeline  # noqa: F401
