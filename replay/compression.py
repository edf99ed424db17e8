"""Bodies are compressed with zstd and a dictionary trained on the kind of JSON they hold.

The dictionary a frame needs is named in its header and kept in the database, in table
`body_dictionaries`, so that a dump restores alone.
"""

import hashlib
from collections.abc import Sequence

import zstandard
from psycopg import Connection, sql

from replay.errors import UnknownDictionary

LEVEL = 3
MAX_BODY = 128 * 2**20
"""No frame is inflated beyond this many bytes: the receiver lets at most 80 MB in."""


class Compressor:
    """Compresses bodies, with a dictionary if one is given. Not to be shared between threads."""

    def __init__(self, dictionary: bytes | None = None) -> None:
        trained = _dictionary(dictionary) if dictionary else None
        if trained is not None:
            trained.precompute_compress(level=LEVEL)
        self._compressor = zstandard.ZstdCompressor(level=LEVEL, dict_data=trained, write_checksum=False)

    def compress(self, body: bytes) -> bytes:
        return self._compressor.compress(body)


class Decompressor:
    """Inflates bodies with any of the dictionaries it knows, by zstd's own dictionary id."""

    def __init__(self, dictionaries: dict[int, bytes]) -> None:
        self._by_id = {
            number: zstandard.ZstdDecompressor(dict_data=_dictionary(content))
            for number, content in dictionaries.items()
        }
        self._by_id[0] = zstandard.ZstdDecompressor()

    def decompress(self, frame: bytes) -> bytes:
        """Raises UnknownDictionary; zstandard.ZstdError for a frame that is not one."""
        number = zstandard.get_frame_parameters(frame).dict_id
        decompressor = self._by_id.get(number)
        if decompressor is None:
            raise UnknownDictionary(f"a body needs zstd dictionary {number}, which is not in body_dictionaries")
        return decompressor.decompress(frame, max_output_size=MAX_BODY)


def _dictionary(content: bytes) -> zstandard.ZstdCompressionDict:
    return zstandard.ZstdCompressionDict(content, dict_type=zstandard.DICT_TYPE_FULLDICT)


def train(samples: Sequence[bytes], *, size: int = 32 * 1024) -> bytes:
    """A dictionary of `size` bytes from sample bodies. Its id is drawn from its content: the same
    samples give the same dictionary.
    """
    number = int.from_bytes(hashlib.sha256(b"".join(samples)).digest()[:4], "big") % (2**31 - 2**15) + 2**15
    return zstandard.train_dictionary(size, list(samples), dict_id=number, level=LEVEL, k=1000, d=8).as_bytes()


REGISTER = sql.SQL(
    "INSERT INTO body_dictionaries (dictionary_id, content_sha256, content)"
    " VALUES (%s, sha256(%s), %s) ON CONFLICT DO NOTHING"
)


def register_dictionary(connection: Connection, content: bytes) -> int:
    """Put a dictionary into the database, before the first append that uses it; returns its id."""
    number = zstandard.ZstdCompressionDict(content).dict_id()
    connection.execute(REGISTER, (number, content, content))
    return number


def registered_dictionaries(connection: Connection) -> dict[int, bytes]:
    """All dictionaries of the database, by zstd's dictionary id."""
    return dict(connection.execute("SELECT dictionary_id, content FROM body_dictionaries").fetchall())
