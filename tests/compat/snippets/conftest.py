collect_ignore_glob = ["*.py"]  # programs to be run with another meaning of "import tensorflow"
