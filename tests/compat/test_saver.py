"""Oracle: TensorFlow 2.21.0 (tf.compat.v1), recorded; what was saved and restored is the same."""

import os

import numpy as np
import pytest

import feedforward.compat
from feedforward.compat.names import NotProvidedError
from feedforward.errors import FormatError


@pytest.fixture
def tf():
    feedforward.compat.install("tf1.15")
    import tensorflow

    yield tensorflow
    feedforward.compat.uninstall()


@pytest.fixture
def in_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def saved(tf, in_folder):
    """Return variables w and s, a session, and a saver of both that has saved four times and keeps two."""
    w, s = tf.Variable([1.0, 2.0], name="w"), tf.Variable(3, name="s")
    saver, sess = tf.train.Saver(max_to_keep=2), tf.Session()
    sess.run(tf.global_variables_initializer())
    for step in range(4):
        assert saver.save(sess, f"{in_folder}/m", global_step=step) == f"{in_folder}/m-{step}"
    return w, s, sess, saver


def test_the_last_checkpoints_are_kept_and_told_of(tf, in_folder, saved):
    _, _, _, saver = saved
    last = [f"{in_folder}/m-2", f"{in_folder}/m-3"]
    assert saver.last_checkpoints == last
    expected = f'model_checkpoint_path: "{last[1]}"\n' + "".join(
        f'all_model_checkpoint_paths: "{each}"\n' for each in last
    )
    assert (in_folder / "checkpoint").read_text() == expected
    assert sorted(os.listdir(in_folder)) == ["checkpoint", "m-2.safetensors", "m-3.safetensors"]
    state = tf.train.get_checkpoint_state(str(in_folder))
    assert str(state) == expected
    assert (state.model_checkpoint_path, list(state.all_model_checkpoint_paths)) == (last[1], last)
    assert tf.train.latest_checkpoint(in_folder) == last[1]
    assert [tf.train.checkpoint_exists(each) for each in (last[0], f"{in_folder}/m-1")] == [True, False]
    assert tf.train.latest_checkpoint("/nowhere") is None
    assert tf.train.get_checkpoint_state("/nowhere") is None


def test_names_are_relative_where_the_path_is(tf, in_folder, saved):
    _, s, sess, saver = saved
    assert saver.save(sess, "./rel", global_step=s) == "./rel-3"
    assert saver.save(sess, "rel", latest_filename="other") == "rel"
    lines = (in_folder / "other").read_text().splitlines()
    assert lines[0] == 'model_checkpoint_path: "rel"'
    assert lines[1:] == ['all_model_checkpoint_paths: "rel-3"', 'all_model_checkpoint_paths: "rel"']
    assert tf.train.latest_checkpoint(".", "other") == "./rel"
    tf.train.Saver(save_relative_paths=True).save(sess, f"{in_folder}/abs")
    assert (in_folder / "checkpoint").read_text().startswith('model_checkpoint_path: "abs"')
    assert tf.train.Saver(pad_step_number=True).save(sess, "padded", 7) == "padded-00000007"


def test_one_checkpoint_for_each_so_many_hours_stays(tf, in_folder, saved):
    _, _, sess, _ = saved
    saver = tf.train.Saver(max_to_keep=1, keep_checkpoint_every_n_hours=0)
    for step in range(3):
        saver.save(sess, "kept", step)
    assert [tf.train.checkpoint_exists(f"kept-{step}") for step in range(3)] == [True, True, True]
    assert saver.last_checkpoints == ["kept-2"]


def test_what_was_saved_is_restored_without_an_initializer(tf, in_folder, saved):
    w, s, sess, saver = saved
    sess.run([w.assign([0.0, 0.0]), s.assign(0)])
    saver.restore(sess, f"{in_folder}/m-3")
    np.testing.assert_array_equal(sess.run(w), [1.0, 2.0])
    with tf.Session() as other:
        tf.train.Saver({"w": w}).restore(other, tf.train.latest_checkpoint(str(in_folder)))
        np.testing.assert_array_equal(other.run(w), [1.0, 2.0])
        with pytest.raises(tf.errors.FailedPreconditionError):
            other.run(s)


def test_a_training_goes_on_as_if_it_had_never_stopped(tf, in_folder):
    w = tf.Variable([1.0, -2.0])
    train = tf.train.AdamOptimizer(0.1).minimize(tf.reduce_sum(tf.square(w)))
    saver = tf.train.Saver()
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        sess.run(train)
        saver.save(sess, "adam")
        sess.run(train)
        expected = sess.run(w)
    with tf.Session() as sess:
        saver.restore(sess, "adam")
        sess.run(train)
        np.testing.assert_array_equal(sess.run(w), expected)


def test_what_does_not_fit_changes_nothing(tf, in_folder, saved):
    w, s, sess, _ = saved
    path = f"{in_folder}/m-3"
    longer = tf.Variable([1.0, 2.0, 3.0], name="longer")
    sess.run(w.assign([5.0, 5.0]))
    with pytest.raises(tf.errors.NotFoundError, match="Key longer not found in checkpoint"):
        tf.train.Saver([w, longer]).restore(sess, path)
    with pytest.raises(tf.errors.InvalidArgumentError, match="Assign requires shapes of both tensors to match"):
        tf.train.Saver({"s": s, "w": longer}).restore(sess, path)
    with pytest.raises(tf.errors.InvalidArgumentError, match="expected dtype float32 does not equal int32"):
        tf.train.Saver({"w": w, "s": longer}).restore(sess, path)
    np.testing.assert_array_equal(sess.run(w), [5.0, 5.0])
    matrix = tf.Variable([[0.0], [0.0]])
    tf.train.Saver({"w": matrix}, reshape=True).restore(sess, path)
    np.testing.assert_array_equal(sess.run(matrix), [[1.0], [2.0]])


def test_a_saver_makes_one_folder(tf, in_folder, saved):
    w, _, sess, saver = saved
    path = saver.save(sess, "new/m", global_step=3)
    sess.run(w.assign([5.0, 5.0]))
    saver.restore(sess, tf.train.latest_checkpoint("new"))
    assert path == "new/m-3" and list(sess.run(w)) == [1.0, 2.0]


def test_wrong_uses_of_a_saver(tf, in_folder, saved):
    w, _, sess, saver = saved
    tf.train.Saver(write_version=tf.train.SaverDef.V2)
    with pytest.raises(ValueError, match=r"write_version must be one of tf\.train\.SaverDef's, 0 to 2\. Got 3\."):
        tf.train.Saver(write_version=3)
    with pytest.raises(ValueError, match="Parent directory of no/where/m doesn't exist, can't save"):
        saver.save(sess, "no/where/m")
    with pytest.raises(ValueError, match="Can't load save_path when it is None"):
        saver.restore(sess, None)
    with pytest.raises(ValueError, match="not a valid checkpoint: nothing"):
        saver.restore(sess, "nothing")
    with pytest.raises(TypeError, match="'sess' must be a Session; None"):
        saver.save(None, "m")
    with pytest.raises(ValueError, match="At least two variables have the same name: w"):
        tf.train.Saver([w, w])
    with pytest.raises(TypeError, match="Variable to save is not a Variable"):
        tf.train.Saver([w, 3])
    with pytest.raises(TypeError, match="mapping string names to variables"):
        tf.train.Saver({"w": 3})
    with pytest.raises(ValueError, match="saver_def and builder"):
        tf.train.Saver(saver_def=3)
    with pytest.raises(RuntimeError, match=r"call build\(\) first"):
        tf.train.Saver(defer_build=True).save(sess, "m")
    new = tf.Variable(1.0)
    with pytest.raises(tf.errors.FailedPreconditionError, match="uninitialized value Variable"):
        tf.train.Saver([new]).save(sess, "m")
    with tf.Graph().as_default(), pytest.raises(ValueError, match="No variables to save"):
        tf.train.Saver()
    for name in ("import_meta_graph", "export_meta_graph", "init_from_checkpoint"):
        with pytest.raises(NotProvidedError, match=r"Saver\("):
            getattr(tf.train, name)


def test_tensorflows_own_checkpoints_are_refused_by_name(tf, in_folder, saved):
    _, _, sess, saver = saved
    (in_folder / "theirs.index").write_bytes(b"\x00")
    assert tf.train.checkpoint_exists("theirs")
    with pytest.raises(ValueError, match="theirs is one of TensorFlow's own format, which feedforward does not read"):
        saver.restore(sess, "theirs")


def test_a_damaged_checkpoint_is_one_error(tf, in_folder, saved):
    _, _, sess, saver = saved
    file = in_folder / "m-3.safetensors"
    whole = file.read_bytes()
    for content in (b"", b"\xff" * 100, whole[:-1], whole[:-1] + bytes([whole[-1] ^ 1]), whole.replace(b'"w"', b'"v"')):
        file.write_bytes(content)
        with pytest.raises(FormatError):
            saver.restore(sess, f"{in_folder}/m-3")
    (in_folder / "checkpoint").write_bytes(b'\xff\x00 model_checkpoint_path: "x\nmodel_checkpoint_path: 3\n')
    assert tf.train.get_checkpoint_state(".") is None


def test_looking_into_a_checkpoint(tf, in_folder, saved):
    reader = tf.train.NewCheckpointReader(f"{in_folder}/m-3")
    assert reader.get_variable_to_shape_map() == {"w": [2], "s": []}
    assert reader.get_variable_to_dtype_map() == {"w": tf.float32, "s": tf.int32}
    assert (reader.has_tensor("w"), reader.has_tensor("q"), reader.get_tensor("s")) == (True, False, 3)
    with pytest.raises(tf.errors.NotFoundError, match="Key q not found"):
        reader.get_tensor("q")
    assert tf.train.list_variables(str(in_folder)) == [("s", []), ("w", [2])]
    np.testing.assert_array_equal(tf.train.load_variable(str(in_folder), "w"), [1.0, 2.0])
    with pytest.raises(ValueError, match="Couldn't find 'checkpoint' file"):
        tf.train.load_checkpoint("/tmp/..")


def test_averages_are_restored_in_place_of_variables(tf, in_folder):
    w = tf.Variable(1.0, name="w")
    average = tf.train.ExponentialMovingAverage(0.5)
    follow = average.apply([w])
    saver = tf.train.Saver()
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        sess.run(w.assign(3.0))
        sess.run(follow)  # 0.5 * 1 + 0.5 * 3
        saver.save(sess, "averaged")
        tf.train.Saver(average.variables_to_restore()).restore(sess, "averaged")
        assert sess.run(w) == 2.0


def test_eager_variables_are_saved_and_restored(tf, in_folder):
    tf.enable_eager_execution()
    import tensorflow.contrib.eager as tfe

    w, b = tfe.Variable([1.0, 2.0], name="w"), tfe.Variable(3.0, name="b")
    saver = tfe.Saver([w, b])
    path = saver.save("eager", global_step=tf.constant(4))
    assert path == "eager-4"
    w.assign([0.0, 0.0])
    saver.restore(path)
    np.testing.assert_array_equal(w.numpy(), [1.0, 2.0])
    with pytest.raises(RuntimeError, match="`var_list` must specify"):
        tfe.Saver()


class Net:
    def __init__(self, tf, count):
        self.variables = [tf.Variable(float(place)) for place in range(count)]


def test_objects_are_saved_and_restored_in_eager_mode(tf, in_folder):
    tf.enable_eager_execution()
    net, optimizer, w = Net(tf, 2), tf.train.AdamOptimizer(0.1), tf.Variable([1.0, 2.0])
    optimizer.apply_gradients([(tf.constant([1.0, 1.0]), w)])
    checkpoint = tf.train.Checkpoint(net=net, optimizer=optimizer, w=w)
    path = checkpoint.save("folder/ckpt")
    assert (path, tf.train.latest_checkpoint("folder")) == ("folder/ckpt-1", "folder/ckpt-1")
    expected = w.numpy()
    optimizer.apply_gradients([(tf.constant([1.0, 1.0]), w)])
    after = w.numpy()
    net.variables[1].assign(9.0)
    checkpoint.restore(path).assert_consumed()
    np.testing.assert_array_equal(w.numpy(), expected)
    assert float(net.variables[1]) == 1.0
    optimizer.apply_gradients([(tf.constant([1.0, 1.0]), w)])  # from the same moments
    np.testing.assert_array_equal(w.numpy(), after)
    assert checkpoint.save("folder/ckpt") == "folder/ckpt-2"
    tf.train.Checkpoint(w=w).restore(None)
    with pytest.raises(AssertionError, match="Unresolved object"):
        tf.train.Checkpoint(w=w).restore(path).assert_consumed()


def test_a_manager_keeps_the_last_checkpoints(tf, in_folder):
    tf.enable_eager_execution()
    checkpoint = tf.train.Checkpoint(w=tf.Variable(1.0))
    manager = tf.train.CheckpointManager(checkpoint, "managed", max_to_keep=2)
    assert manager.latest_checkpoint is None
    for _ in range(3):
        manager.save()
    assert manager.checkpoints == ["managed/ckpt-2", "managed/ckpt-3"]
    assert sorted(os.listdir("managed")) == ["checkpoint", "ckpt-2.safetensors", "ckpt-3.safetensors"]
    assert tf.train.CheckpointManager(checkpoint, "managed", 2).checkpoints == manager.checkpoints


def test_checkpoints_of_objects_are_for_eager_mode(tf):
    with pytest.raises(RuntimeError, match=r"In a graph use tf\.train\.Saver"):
        tf.train.Checkpoint()
