"""Oracle: TensorFlow 2.21.0 (tf.compat.v1), recorded, for tags and pictures; TensorBoard's own reader for the files."""

import contextlib
import io

import numpy as np
import pytest

import feedforward.compat
from feedforward.compat.names import NotProvidedError
from feedforward.errors import FormatError

summary_pb2 = pytest.importorskip("tensorboard.compat.proto.summary_pb2")
event_pb2 = pytest.importorskip("tensorboard.compat.proto.event_pb2")
graph_pb2 = pytest.importorskip("tensorboard.compat.proto.graph_pb2")
stub = pytest.importorskip("tensorboard.compat.tensorflow_stub")  # as TensorBoard reads where no TensorFlow is
pillow = pytest.importorskip("PIL.Image")


@pytest.fixture
def tf():
    feedforward.compat.install("tf1.15")
    import tensorflow

    yield tensorflow
    feedforward.compat.uninstall()


def events(folder):
    """Return the events of all files of a folder, as TensorBoard reads them, without those of versions."""
    found = []
    for file in sorted(folder.glob("events.out.tfevents.*")):
        reader = stub.pywrap_tensorflow.PyRecordReader_New(str(file))
        with contextlib.suppress(stub.errors.OutOfRangeError):
            while True:
                reader.GetNext()
                found.append(event_pb2.Event.FromString(reader.record()))
        reader.file_handle.close()
    return [event for event in found if not event.file_version]


def values(content):
    """Return tags and values of a summary's bytes, as TensorBoard reads them."""
    return {value.tag: value for value in summary_pb2.Summary.FromString(content).value}


def pixels(value):
    return np.array(pillow.open(io.BytesIO(value.image.encoded_image_string)))


def test_operations_have_the_names_and_tags_of_tensorflows(tf):
    x, w = tf.placeholder(tf.float32, []), tf.Variable([1.0], name="w")
    made = [tf.summary.scalar("loss", x)]
    with tf.name_scope("train"):
        made += [tf.summary.scalar("loss", x), tf.summary.scalar("loss", x), tf.summary.scalar("acc", x, family="fam")]
    made += [
        tf.summary.scalar("my loss", x),
        tf.summary.histogram(w.name, w),
        tf.summary.text("t", tf.constant("hello")),
    ]
    merged = tf.summary.merge_all()
    assert str(made[0]) == 'Tensor("loss:0", shape=(), dtype=string)'
    assert [each.op.name for each in [*made, merged]] == [
        "loss", "train/loss", "train/loss_1", "train/fam/acc", "my_loss", "w_0", "t", "Merge/MergeSummary",
    ]  # fmt: skip
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        content = sess.run(merged, {x: 1.5})
        found = values(content)
        assert list(found) == ["loss", "train/loss", "train/loss_1", "fam/train/fam/acc", "my_loss", "w_0", "t"]
        assert [found[tag].simple_value for tag in list(found)[:5]] == [1.5] * 5
        assert found["t"].tensor.string_val[0] == b"hello"
        assert found["w_0"].histo.num == 1
        assert made[0].eval({x: 2.5}) == sess.run([made[0]], {x: 2.5})[0]
    with tf.Graph().as_default():
        assert tf.summary.merge_all() is None


PICTURES = [
    ([0.0, 2.0, 4.0, 8.0], [0, 63, 127, 255]),
    ([-2.0, 0.0, 1.0, 2.0], [1, 128, 191, 255]),
    ([-8.0, 0.0, 1.0, 2.0], [1, 128, 143, 159]),
    ([0.0, 0.0, 0.0, 0.0], [0, 0, 0, 0]),
    ([np.nan, 0.0, 1.0, 2.0], [255, 0, 127, 255]),
    ([300.0, 0.0, 1.0, 2.0], [255, 0, 0, 1]),
    ([np.inf, 0.0, 1.0, 2.0], [255, 0, 127, 255]),
]


@pytest.mark.parametrize(("numbers", "expected"), PICTURES)
def test_pictures_are_scaled_as_tensorflow_does(tf, numbers, expected):
    picture = tf.summary.image("p", tf.constant(np.array(numbers, np.float32).reshape(1, 2, 2, 1)))
    with tf.Session() as sess:
        (found,) = values(sess.run(picture)).values()
    assert (found.tag, found.image.height, found.image.width, found.image.colorspace) == ("p/image/0", 2, 2, 1)
    assert pixels(found).ravel().tolist() == expected


def test_pictures_in_colours_keep_their_bytes_and_only_some_are_shown(tf):
    batch = np.arange(48, dtype=np.uint8).reshape(4, 2, 2, 3)
    one, some = tf.summary.image("one", tf.constant(batch), max_outputs=1), tf.summary.image("some", tf.constant(batch))
    with tf.Session() as sess:
        assert list(values(sess.run(one))) == ["one/image"]
        found = values(sess.run(some))
    assert list(found) == ["some/image/0", "some/image/1", "some/image/2"]
    np.testing.assert_array_equal(pixels(found["some/image/1"]), batch[1])


def test_old_names_give_their_tags_as_they_are(tf):
    x = tf.constant([1.0, 2.0])
    made = [
        tf.scalar_summary("a tag", x[0]),
        tf.scalar_summary(["b", "c"], x),
        tf.histogram_summary("d", x),
        tf.image_summary("e", tf.zeros([1, 1, 1, 1])),
    ]
    with tf.Session() as sess:
        found = values(sess.run(tf.merge_all_summaries()))
        assert list(values(sess.run(tf.merge_summary(made[:2])))) == ["a tag", "b", "c"]
    assert list(found) == ["a tag", "b", "c", "d", "e/image/0"]
    assert [found[tag].simple_value for tag in "bc"] == [1.0, 2.0]


def test_tensorboard_reads_what_a_writer_wrote(tf, tmp_path):
    x = tf.placeholder(tf.float32, [], name="x")
    loss = tf.summary.scalar("loss", x * 2.0)
    with tf.Session() as sess, tf.summary.FileWriter(str(tmp_path), sess.graph) as writer:
        for step in range(3):
            writer.add_summary(sess.run(loss, {x: step}), step)
        writer.add_summary(tf.Summary(value=[tf.Summary.Value(tag="mine", simple_value=0.5)]), global_step=np.int64(9))
        writer.add_summary(sess.run(loss, {x: 7}))
    graph, *found = events(tmp_path)
    nodes = graph_pb2.GraphDef.FromString(graph.graph_def).node
    assert [(node.name, node.op, list(node.input)) for node in nodes if node.name in ("x", "mul")] == [
        ("x", "Placeholder", []),
        ("mul", "Mul", ["x"]),
    ]
    assert [(e.step, e.summary.value[0].tag, e.summary.value[0].simple_value) for e in found] == [
        (0, "loss", 0.0),
        (1, "loss", 2.0),
        (2, "loss", 4.0),
        (9, "mine", 0.5),
        (0, "loss", 14.0),
    ]


def test_a_writer_is_flushed_closed_and_opened_again(tf, tmp_path):
    writer = tf.train.SummaryWriter(str(tmp_path), max_queue=2)
    told = tf.Summary(value=[tf.Summary.Value(tag="a", simple_value=1.0)])
    writer.add_summary(told, 1)
    assert events(tmp_path) == []
    writer.add_summary(told, 2)  # the second of two
    assert [event.step for event in events(tmp_path)] == [1, 2]
    writer.add_summary(told, 3)
    writer.flush()
    assert len(events(tmp_path)) == 3
    writer.close()
    with pytest.raises(RuntimeError, match=r"it is closed\. Call reopen"):
        writer.add_summary(told, 4)
    writer.reopen()
    writer.add_summary(told, 5)
    writer.close()
    assert [event.step for event in events(tmp_path)] == [1, 2, 3, 5]
    assert writer.get_logdir() == str(tmp_path)
    with pytest.raises(TypeError, match="is no summary"):
        tf.summary.FileWriter(str(tmp_path)).add_summary(3)
    with pytest.raises(TypeError, match=r"must be a tf\.Graph"):
        tf.summary.FileWriter(str(tmp_path), graph=3)


def test_a_summary_is_read_added_to_and_written_again(tf):
    loss = tf.summary.scalar("loss", tf.constant(1.5))
    told = tf.Summary()
    with tf.Session() as sess:
        told.ParseFromString(sess.run(loss))
    assert [(value.tag, value.simple_value) for value in told.value] == [("loss", 1.5)]
    told.value.add(tag="precision", simple_value=0.25)
    histogram = tf.HistogramProto(min=0.0, max=1.0, num=2.0, sum=1.0, sum_squares=1.0)
    histogram.bucket_limit.append(1.0)
    histogram.bucket.append(2.0)
    told.value.add(tag="h", histo=histogram)
    told.value.add(tag="i", image=tf.Summary.Image(height=1, width=1, colorspace=1, encoded_image_string=b"png"))
    found = values(told.SerializeToString())
    assert {tag: found[tag].simple_value for tag in ("loss", "precision")} == {"loss": 1.5, "precision": 0.25}
    assert (list(found["h"].histo.bucket), found["i"].image.encoded_image_string) == ([2.0], b"png")
    for damaged in (b"\x0a", b"\x0a\x05abc", b"\xff" * 12, b"\x0b"):
        with pytest.raises(FormatError, match="damaged"):
            tf.Summary.FromString(damaged)
    with pytest.raises(ValueError, match="holds nothing"):
        tf.Summary(value=[tf.Summary.Value(tag="empty")]).SerializeToString()


def test_wrong_summaries_are_told_of(tf):
    with tf.Session() as sess:
        with pytest.raises(tf.errors.InvalidArgumentError, match="a scalar has one value"):
            sess.run(tf.summary.scalar("a", tf.constant([1.0, 2.0])))
        with pytest.raises(tf.errors.InvalidArgumentError, match="pictures have shape"):
            sess.run(tf.summary.image("a", tf.constant([1.0, 2.0])))
        with pytest.raises(tf.errors.InvalidArgumentError, match="Nan in summary histogram for: h"):
            sess.run(tf.summary.histogram("h", tf.constant([np.nan])))
    with pytest.raises(TypeError, match="step=3 is TensorFlow 2's"):
        tf.summary.scalar("a", tf.constant(1.0), step=3)
    for name in ("audio", "tensor_summary"):
        with pytest.raises(NotProvidedError):
            getattr(tf.summary, name)
    with pytest.raises(NotImplementedError, match="in eager mode alone"):
        tf.contrib.summary.create_file_writer("nowhere")


def test_eager_summaries_of_contrib(tf, tmp_path):
    tf.enable_eager_execution()
    step = tf.train.get_or_create_global_step()
    writer = tf.contrib.summary.create_file_writer(str(tmp_path))
    with writer.as_default():
        tf.contrib.summary.scalar("not recorded", 1.0)
        with tf.contrib.summary.always_record_summaries():
            for _ in range(2):
                step.assign_add(1)
                tf.contrib.summary.scalar("loss", tf.constant(2.0), family="f")
            tf.contrib.summary.histogram("h", [1.0, 2.0], step=7)
        with tf.contrib.summary.record_summaries_every_n_global_steps(2):
            for _ in range(4):
                step.assign_add(1)
                tf.contrib.summary.scalar("some", 1.0)
    found = [(event.step, event.summary.value[0].tag) for event in events(tmp_path)]
    assert found == [(1, "f/loss"), (2, "f/loss"), (7, "h"), (4, "some"), (6, "some")]
    with pytest.raises(RuntimeError, match="not compatible with eager execution"):
        tf.summary.FileWriter(str(tmp_path))
    with pytest.raises(RuntimeError, match="not compatible with eager execution"):
        tf.summary.merge([])


def test_summaries_of_tensorflow_2(tmp_path):
    feedforward.compat.install("tf2.0")
    try:
        import tensorflow as tf

        writer = tf.summary.create_file_writer(str(tmp_path))
        assert tf.summary.scalar("nowhere", 1.0, step=0) is False
        with writer.as_default():
            assert tf.summary.scalar("loss", tf.constant(2.5), step=3) is True
            tf.summary.scalar("loss", data=1.5, step=4)
            tf.summary.histogram("h", np.arange(4.0), step=4)
            with pytest.raises(ValueError, match="No step set"):
                tf.summary.scalar("loss", 1.0)
            tf.summary.experimental.set_step(9)
            tf.summary.text("t", "words")
            with tf.summary.record_if(lambda: False):
                tf.summary.scalar("loss", 1.0)

            @tf.function
            def traced(x):
                tf.summary.scalar("loss", x)

            with pytest.raises(NotImplementedError, match="write the summary outside of the function"):
                traced(tf.constant(1.0))
        found = [(event.step, event.summary.value[0].tag) for event in events(tmp_path)]
        assert found == [(3, "loss"), (4, "loss"), (4, "h"), (9, "t")]
        writer.close()
        with pytest.raises(RuntimeError, match="already closed"), writer.as_default():
            tf.summary.scalar("loss", 1.0, step=1)
    finally:
        feedforward.compat.uninstall()


def test_a_writer_without_a_folder_writes_nothing(tf):
    tf.enable_eager_execution()
    writer = tf.contrib.summary.create_file_writer(None)
    with writer.as_default(), tf.contrib.summary.always_record_summaries():
        tf.contrib.summary.scalar("loss", tf.constant(1.0), step=tf.train.get_or_create_global_step())
    writer.close()
    with pytest.raises(RuntimeError, match="already closed"):
        writer.add(b"", 1)
