"""``keras.preprocessing.text`` and ``.sequence``: from texts to word numbers, and from those to arrays."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from feedforward.compat.names import provided, refuse
from feedforward.compat.version import written_for

__all__ = ["Tokenizer", "pad_sequences", "text_to_word_sequence"]

_FILTERS = '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n'
"""All punctuation but the apostrophe, and the signs that end lines and columns."""


@provided("keras.preprocessing.text.text_to_word_sequence")
def text_to_word_sequence(text: str, filters: str = _FILTERS, lower: bool = True, split: str = " ") -> list[str]:
    """Return the words of a text.

    Parameters
    ----------
    text : str
        The text.
    filters : str
        Signs that separate words.
    lower : bool
        Whether to make capitals small.
    split : str
        What separates words, too.

    Examples
    --------
    >>> text_to_word_sequence("The cat, the DOG's mat.")
    ['the', 'cat', 'the', "dog's", 'mat']
    """
    if lower:
        text = text.lower()
    text = text.translate({ord(sign): split for sign in filters})
    return [word for word in text.split(split) if word]


@provided("keras.preprocessing.text.hashing_trick")
def hashing_trick(
    text: str,
    n: int,
    hash_function: Callable[[str], int] | str | None = None,
    filters: str = _FILTERS,
    lower: bool = True,
    split: str = " ",
) -> list[int]:
    """Return, for each word of a text, a number from 1 to n - 1: its hash modulo n - 1, and 1.

    Parameters
    ----------
    text, filters, lower, split
        As in `text_to_word_sequence`.
    n : int
        How many numbers there are, with 0.
    hash_function : callable, "md5" or None
        None is Python's own, which differs from process to process.

    Examples
    --------
    >>> hashing_trick("one word, one number", 100, "md5")
    [39, 55, 39, 81]
    """
    if hash_function is None:
        function: Callable[[str], int] = hash
    elif hash_function == "md5":
        function = _md5
    elif callable(hash_function):
        function = hash_function
    else:
        raise ValueError(f"hashing_trick: hash_function must be a function, 'md5' or None. Got {hash_function!r}.")
    return [function(word) % (n - 1) + 1 for word in text_to_word_sequence(text, filters, lower, split)]


def _md5(word: str) -> int:
    return int(hashlib.md5(word.encode(), usedforsecurity=False).hexdigest(), 16)


@provided("keras.preprocessing.text.one_hot")
def one_hot(text: str, n: int, filters: str = _FILTERS, lower: bool = True, split: str = " ") -> list[int]:
    """Return a number from 1 to n - 1 for each word of a text, by Python's hash; see `hashing_trick`."""
    return hashing_trick(text, n, None, filters, lower, split)


@provided("keras.preprocessing.text.Tokenizer")
class Tokenizer:
    """Gives numbers to the words of texts: 1 to the most frequent one, and so on.

    Parameters
    ----------
    num_words, nb_words : int or None
        Words whose number is not below this are left out; Keras 1 calls it `nb_words`.
    filters, lower, split
        As in `text_to_word_sequence`.
    char_level : bool
        Whether each sign is a word.
    oov_token : str or None
        What stands for words that have no number, or too large a one. From Keras 2.2 on it has number 1, before the
        last one.
    document_count : int
        How many texts were counted before.

    Attributes
    ----------
    word_counts, word_docs : mapping of str to int
        How often a word was there; in how many texts.
    word_index, index_word : dict
        The number of a word, the word of a number.
    index_docs : mapping of int to int
        In how many texts a number was there.

    Examples
    --------
    >>> tokenizer = Tokenizer(num_words=4)
    >>> tokenizer.fit_on_texts(["the cat sat on the mat", "the dog"])
    >>> tokenizer.texts_to_sequences(["the cat sat on the dog"])
    [[1, 2, 3, 1]]
    >>> tokenizer.texts_to_matrix(["the cat", "the the"], mode="count").tolist()
    [[0.0, 1.0, 1.0, 0.0], [0.0, 2.0, 0.0, 0.0]]
    """

    def __init__(
        self,
        num_words: int | None = None,
        filters: str = _FILTERS,
        lower: bool = True,
        split: str = " ",
        char_level: bool = False,
        oov_token: str | None = None,
        document_count: int = 0,
        nb_words: int | None = None,
    ) -> None:
        self.num_words = nb_words if num_words is None else num_words
        self.filters, self.lower, self.split = filters, lower, split
        self.char_level, self.oov_token, self.document_count = char_level, oov_token, document_count
        self.word_counts: Counter[str] = Counter()
        self.word_docs: Counter[str] = Counter()
        self.index_docs: Counter[int] = Counter()
        self.word_index: dict[str, int] = {}
        self.index_word: dict[int, str] = {}

    @property
    def nb_words(self) -> int | None:
        """What Keras 1 calls `num_words`."""
        return self.num_words

    def fit_on_texts(self, texts: Iterable[Any]) -> None:
        """Count the words of more texts, and number all words anew; a text may be a list of words."""
        for text in texts:
            words = self._words(text)
            self.document_count += 1
            self.word_counts.update(words)
            self.word_docs.update(set(words))
        ranked = [word for word, _ in sorted(self.word_counts.items(), key=lambda item: -item[1])]
        if self.oov_token is not None:
            is_first = written_for().keras >= (2, 2)
            ranked = [self.oov_token, *ranked] if is_first else [*ranked, self.oov_token]
        self.word_index = {word: number for number, word in enumerate(ranked, 1)}
        self.index_word = {number: word for word, number in self.word_index.items()}
        self.index_docs = Counter({self.word_index[word]: count for word, count in self.word_docs.items()})

    def fit_on_sequences(self, sequences: Sequence[Sequence[int]]) -> None:
        """Count in how many lists each number is, which ``mode="tfidf"`` needs where no texts were counted."""
        self.document_count += len(sequences)
        for sequence in sequences:
            self.index_docs.update(set(sequence))

    def _words(self, text: Any) -> Sequence[str]:
        if isinstance(text, list):
            return [word.lower() for word in text] if self.lower else text
        if self.char_level:
            return str(text.lower() if self.lower else text)
        return text_to_word_sequence(text, self.filters, self.lower, self.split)

    def texts_to_sequences(self, texts: Iterable[Any]) -> list[list[int]]:
        """Return the numbers of the words of each text; words without one are left out, or the `oov_token`'s."""
        return list(self.texts_to_sequences_generator(texts))

    def texts_to_sequences_generator(self, texts: Iterable[Any]) -> Iterator[list[int]]:
        """Yield what `texts_to_sequences` returns."""
        unknown = None if self.oov_token is None else self.word_index.get(self.oov_token)
        limit = self.num_words or len(self.word_index) + 1
        for text in texts:
            numbers = [self.word_index.get(word, limit) for word in self._words(text)]
            known = (number if number < limit else unknown for number in numbers)
            yield [number for number in known if number is not None]

    def sequences_to_texts(self, sequences: Iterable[Iterable[int]]) -> list[str]:
        """Return the words of lists of numbers, with blanks between them."""
        unknown = None if self.oov_token is None else self.word_index.get(self.oov_token)
        limit = self.num_words or len(self.word_index) + 1
        texts = []
        for sequence in sequences:
            numbers = (number if number in self.index_word and number < limit else unknown for number in sequence)
            texts.append(" ".join(self.index_word[number] for number in numbers if number is not None))
        return texts

    def texts_to_matrix(self, texts: Iterable[Any], mode: str = "binary") -> NDArray[np.float64]:
        """Return a row for each text; see `sequences_to_matrix`."""
        return self.sequences_to_matrix(self.texts_to_sequences(texts), mode)

    def sequences_to_matrix(self, sequences: Sequence[Sequence[int]], mode: str = "binary") -> NDArray[np.float64]:
        """Return a row for each list of numbers, with a column for each number below `num_words`.

        Parameters
        ----------
        sequences : sequence of sequence of int
            The lists.
        mode : str
            What stands in the column of a number that the list has: ``"binary"``, 1; ``"count"``, how often it has it,
            c; ``"freq"``, c over the length of the list; ``"tfidf"``, ``(1 + log c) log(1 + texts / (1 + texts that
            have it))``.

        Returns
        -------
        float64 array, shape (len(sequences), num_words)
            Column 0 stays 0, unless a list has zeros.

        Raises
        ------
        ValueError
            If the mode is none of these, or nothing was counted that it needs.
        """
        if mode not in ("binary", "count", "freq", "tfidf"):
            raise ValueError(f"sequences_to_matrix: mode must be binary, count, freq or tfidf. Got {mode!r}.")
        if not self.num_words and not self.word_index:
            raise ValueError("sequences_to_matrix: num_words is None. Give it, or call fit_on_texts first.")
        if mode == "tfidf" and not self.document_count:
            raise ValueError("sequences_to_matrix: tfidf needs texts that were counted. Call fit_on_texts first.")
        columns = self.num_words or len(self.word_index) + 1
        weights = np.ones(columns)
        if mode == "tfidf":
            texts_with = np.array([self.index_docs.get(number, 0) for number in range(columns)])
            weights = np.log(1 + self.document_count / (1 + texts_with))
        matrix = np.zeros((len(sequences), columns))
        for row, sequence in zip(matrix, sequences, strict=True):
            numbers = np.asarray(sequence, dtype=np.int64)
            numbers, counts = np.unique(numbers[numbers < columns], return_counts=True)
            if mode == "count":
                row[numbers] = counts
            elif mode == "freq":
                row[numbers] = counts / max(len(sequence), 1)
            else:
                row[numbers] = 1 + np.log(counts) if mode == "tfidf" else 1
                row *= weights
        return matrix


@provided("keras.preprocessing.sequence.pad_sequences")
def pad_sequences(
    sequences: Sequence[Any],
    maxlen: int | None = None,
    dtype: Any = "int32",
    padding: str = "pre",
    truncating: str = "pre",
    value: Any = 0.0,
) -> NDArray[Any]:
    """Return lists of differing lengths as one array.

    Parameters
    ----------
    sequences : sequence of sequence
        The lists, of numbers or of arrays of one shape.
    maxlen : int or None
        The length of all; None: that of the longest.
    dtype : dtype
        Of the array.
    padding, truncating : {"pre", "post"}
        At which end a shorter list is filled up, a longer one cut off.
    value : number
        What it is filled up with.

    Raises
    ------
    ValueError
        If a list is none, the arrays differ in shape, or an end is neither of these.

    Examples
    --------
    >>> pad_sequences([[1, 2, 3], [4]], maxlen=2).tolist()
    [[2, 3], [0, 4]]
    """
    for name, end in (("padding", padding), ("truncating", truncating)):
        if end not in ("pre", "post"):
            raise ValueError(f"pad_sequences: {name} must be 'pre' or 'post'. Got {end!r}.")
    if not all(hasattr(sequence, "__len__") for sequence in sequences):
        wrong = next(sequence for sequence in sequences if not hasattr(sequence, "__len__"))
        raise ValueError(f"pad_sequences: sequences must be lists of lists. Got {wrong!r} among them.")
    length = max(map(len, sequences), default=0) if maxlen is None else maxlen
    shape = next((np.asarray(sequence).shape[1:] for sequence in sequences if len(sequence)), ())
    padded = np.full((len(sequences), length, *shape), value, dtype=dtype)
    for row, sequence in zip(padded, sequences, strict=True):
        kept = np.asarray(sequence[max(len(sequence) - length, 0) :] if truncating == "pre" else sequence[:length])
        if not len(kept):
            continue
        if kept.shape[1:] != shape:
            raise ValueError(f"pad_sequences: elements have the shapes {shape} and {kept.shape[1:]}. Expected one.")
        if padding == "pre":
            row[-len(kept) :] = kept
        else:
            row[: len(kept)] = kept
    return padded


refuse(
    "recurrent networks and word embeddings by sampling are out of scope. Pad the texts, and train an Embedding layer.",
    "keras.preprocessing.sequence.skipgrams",
    "keras.preprocessing.sequence.make_sampling_table",
    "keras.preprocessing.sequence.TimeseriesGenerator",
)
