"""Unpacks a `model.tar.gz` that nobody has vetted.

Only plain files and folders with plain relative names come out, and only as much as the limits allow. Links
are refused as SageMaker does ("make sure that the model artifacts don't include symbolic links",
https://repost.aws/knowledge-center/sagemaker-endpoint-creation-fail), which also rules out every way of
writing through one.
"""

import gzip
import shutil
import tarfile
import tempfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Self


class ArchiveRefused(Exception):
    """The archive is damaged, unsafe or too large. The message names the member and the reason."""


@dataclass(frozen=True)
class Limits:
    """What an archive may contain: bytes once unpacked, members, and folders in each other."""

    total_bytes: int = 8 * 1024**3
    members: int = 10_000
    depth: int = 16


def unpack(archive: Path, destination: Path, limits: Limits | None = None) -> None:
    """Unpack `archive` (gzip-compressed tar) into `destination`, which must not exist.

    The folder appears complete or not at all.

    Raises:
        ArchiveRefused: nothing has been left behind.
    """
    staging = Path(tempfile.mkdtemp(prefix=f".{destination.name}-", dir=destination.parent))
    try:
        with gzip.open(archive) as stream, _BoundedTarFile.open(fileobj=stream, mode="r:") as tar:
            _extract(tar, staging, limits or Limits())
            _read_to_the_checksum(stream)
        staging.rename(destination)
    except _DAMAGED as error:
        raise ArchiveRefused(f"it is not a valid tar.gz archive: {error}") from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)


# What gzip, zlib and tarfile raise for bytes that are no archive.
_DAMAGED = (tarfile.TarError, gzip.BadGzipFile, EOFError, zlib.error, ValueError, OverflowError, IndexError)

_MAX_EXTENDED_HEADER = 64 * 1024
_MAX_EXTENDED_HEADERS = 1024**2  # bytes in all; tarfile keeps what global ones say


class _BoundedTarInfo(tarfile.TarInfo):
    """Refuses extended headers that would fill the memory or the stack, and sparse files, which are mostly not there.

    `tarfile` documents `_proc_member` as the method to override for special member types.
    """

    _EXTENDED_HEADERS = (
        tarfile.XHDTYPE,
        tarfile.XGLTYPE,
        tarfile.SOLARIS_XHDTYPE,
        tarfile.GNUTYPE_LONGNAME,
        tarfile.GNUTYPE_LONGLINK,
    )

    @classmethod
    def fromtarfile(cls, tar: tarfile.TarFile) -> Self:
        """Read a header. `tarfile` would take a damaged one for the end, and half a model for a whole one."""
        try:
            return super().fromtarfile(tar)
        except tarfile.HeaderError as error:
            if type(error).__name__ in ("EOFHeaderError", "EmptyHeaderError"):
                raise
            raise tarfile.ReadError(f"a header is damaged: {error}") from error

    def _proc_member(self, tar: "_BoundedTarFile") -> tarfile.TarInfo:
        if self.type in self._EXTENDED_HEADERS:
            tar.count_extended_header(self.size)
        if self.type == tarfile.GNUTYPE_SPARSE:
            raise ArchiveRefused(f"member {self.name!r} is a sparse file")
        return super()._proc_member(tar)  # type: ignore[misc,no-any-return]

    def _refuse_sparse(self, *_arguments: object) -> None:
        raise ArchiveRefused(f"member {self.name!r} is a sparse file")

    # A map of what is there comes before the content, and may be as long as it likes.
    _proc_gnusparse_00 = _proc_gnusparse_01 = _proc_gnusparse_10 = _refuse_sparse


class _BoundedTarFile(tarfile.TarFile):
    """Counts extended headers; also in a row, for `tarfile` reads one that follows another by calling itself."""

    tarinfo = _BoundedTarInfo
    _in_a_row = 0
    _bytes = 0

    def count_extended_header(self, size: int) -> None:
        self._in_a_row += 1
        self._bytes += max(size, 0)
        if not 0 <= size <= _MAX_EXTENDED_HEADER:
            raise ArchiveRefused(f"the extended header of a member is {size} bytes long")
        if self._in_a_row > 8 or self._bytes > _MAX_EXTENDED_HEADERS:
            raise ArchiveRefused("it has too many extended headers")

    def next(self) -> tarfile.TarInfo | None:
        """The next member; those before it are forgotten, for there may be many, with long headers."""
        self._in_a_row = 0
        self.members: list[tarfile.TarInfo] = []
        return super().next()


def _extract(tar: tarfile.TarFile, folder: Path, limits: Limits) -> None:
    total = 0
    for count, member in enumerate(iter(tar.next, None), start=1):
        if member.size < 0:
            raise ArchiveRefused(f"member {member.name!r} has less than no content")
        total += member.size
        if count > limits.members:
            raise ArchiveRefused(f"it has more than {limits.members} members")
        if total > limits.total_bytes:
            raise ArchiveRefused(f"member {member.name!r} takes it over {limits.total_bytes} bytes unpacked")
        _check(member, limits)
        try:
            _write(tar, member, folder / member.name)
        except gzip.BadGzipFile:
            raise
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise ArchiveRefused(f"member {member.name!r} cannot be written: {reason}") from error


def _write(tar: tarfile.TarFile, member: tarfile.TarInfo, path: Path) -> None:
    """Not by `TarFile.extract`, whose safe ways are missing in Python 3.11.0 to 3.11.3."""
    content = tar.extractfile(member)
    if content is None:
        path.mkdir(parents=True, exist_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with content, path.open("xb") as file:  # a name that comes twice, perhaps but for its case, is refused
        shutil.copyfileobj(content, file)
    path.chmod(member.mode & 0o755 | 0o600)


def _check(member: tarfile.TarInfo, limits: Limits) -> None:
    if member.issym() or member.islnk():
        raise ArchiveRefused(
            f"member {member.name!r} is a link to {member.linkname!r}; replace it by a copy of the file"
        )
    if not (member.isreg() or member.isdir()) or member.issparse():
        raise ArchiveRefused(f"member {member.name!r} is neither a plain file nor a folder")
    if not member.name.isprintable():
        raise ArchiveRefused(f"the name of member {member.name!r} has a character that cannot be shown")
    path = PurePosixPath(member.name)
    if path.is_absolute() or "\\" in member.name:
        raise ArchiveRefused(f"member {member.name!r} has an absolute or foreign path")
    if ".." in path.parts:
        raise ArchiveRefused(f"member {member.name!r} has '..' in its path")
    if len(path.parts) > limits.depth:
        raise ArchiveRefused(f"member {member.name!r} lies more than {limits.depth} folders deep")


def _read_to_the_checksum(stream: gzip.GzipFile) -> None:
    """Have gzip compare its checksum: it does so at the end of the stream, behind the tar's padding."""
    allowed_padding = 1024**2
    rest = stream.read(allowed_padding + 1)
    if len(rest) > allowed_padding or rest.strip(b"\0"):
        raise ArchiveRefused("it goes on after the end of the tar")
