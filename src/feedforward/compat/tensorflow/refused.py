"""What of TensorFlow is out of scope, and what a program can use instead."""

from feedforward.compat.names import refuse

__all__: list[str] = []

refuse(
    "estimators are out of scope. Write the model as a tf.keras.Sequential, or as a graph that a tf.Session trains.",
    "tf.estimator",
    "tf.contrib.learn",
    "tf.contrib.estimator",
    "tf.feature_column",
    "tf.contrib.layers.real_valued_column",
    "tf.keras.estimator",
    "keras.estimator",
)
refuse(
    "slim is out of scope. Use tf.layers, whose dense and conv2d do what fully_connected and conv2d of slim do.",
    "tf.contrib.slim",
)
refuse(
    "recurrent networks are out of scope: this package is for feedforward ones. Feed a window of the sequence to"
    " tf.layers.dense or tf.layers.conv1d instead.",
    "tf.contrib.rnn",
    "tf.contrib.seq2seq",
    "tf.contrib.cudnn_rnn",
    "tf.nn.rnn_cell",
    "tf.nn.rnn",
    "tf.nn.dynamic_rnn",
    "tf.nn.static_rnn",
    "tf.nn.bidirectional_dynamic_rnn",
    "tf.nn.ctc_loss",
    *(
        f"keras.layers.{name}"
        for name in (
            "RNN",
            "SimpleRNN",
            "SimpleRNNCell",
            "LSTM",
            "LSTMCell",
            "CuDNNLSTM",
            "GRU",
            "GRUCell",
            "CuDNNGRU",
            "ConvLSTM2D",
            "Bidirectional",
            "StackedRNNCells",
            "recurrent",
        )
    ),
)
refuse(
    "all cores of one machine run a program here. Leave the strategy out, and build the model as for one device.",
    "tf.distribute",
    "tf.contrib.distribute",
    "tf.train.ClusterSpec",
    "tf.train.Server",
    "tf.train.replica_device_setter",
    "tf.train.SyncReplicasOptimizer",
    "tf.contrib.tpu",
    "tf.tpu",
    "tf.contrib.cluster_resolver",
    "keras.utils.multi_gpu_model",
)
refuse(
    "record files are out of scope. Keep arrays in a file of NumPy's (np.savez, np.load), and batch them with"
    " tf.data.Dataset.from_tensor_slices.",
    "tf.python_io",
    "tf.io.TFRecordWriter",
    "tf.io.parse_single_example",
    "tf.parse_single_example",
    "tf.parse_example",
    "tf.data.TFRecordDataset",
    "tf.TFRecordReader",
    "tf.train.Example",
    "tf.train.Features",
    "tf.train.Feature",
)
refuse(
    "queues of files are out of scope. Read the files with NumPy, and batch them with"
    " tf.data.Dataset.from_tensor_slices.",
    "tf.train.Coordinator",
    "tf.train.start_queue_runners",
    "tf.train.string_input_producer",
    "tf.train.slice_input_producer",
    "tf.train.shuffle_batch",
    "tf.train.batch",
    "tf.train.QueueRunner",
    "tf.FIFOQueue",
    "tf.RandomShuffleQueue",
    "tf.WholeFileReader",
    "tf.TextLineReader",
)
refuse("open a file beside the program with open(os.path.join(os.path.dirname(__file__), name)).", "tf.resource_loader")
refuse("time it with timeit, or with feedforward's own benchmarks.", "tf.test.Benchmark")
