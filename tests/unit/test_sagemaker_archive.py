"""Unpacking model.tar.gz: what comes out, what is refused, and that a refusal leaves nothing behind."""

import bz2
import gzip
import io
import lzma
import shutil
import stat
import tarfile
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from model_server.sagemaker.archive import ArchiveRefused, Limits, unpack


def member(
    name: str, content: bytes = b"", kind: bytes = tarfile.REGTYPE, **fields: object
) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.type, info.size, info.mode = kind, len(content), 0o644
    for field, value in fields.items():
        setattr(info, field, value)
    return info, content


def write(path: Path, *members: tuple[tarfile.TarInfo, bytes], **options: object) -> Path:
    with tarfile.open(path, "w:gz", **options) as tar:  # type: ignore[call-overload]
        for info, content in members:
            tar.addfile(info, io.BytesIO(content))
    return path


@pytest.fixture
def refuse(tmp_path: Path) -> Callable[..., str]:
    """Unpack an archive that must be refused, and return the reason."""

    def run(archive: Path, limits: Limits | None = None) -> str:
        place = tmp_path / "place"
        place.mkdir()
        before = {path for path in tmp_path.rglob("*") if path != place}
        with pytest.raises(ArchiveRefused) as refusal:
            unpack(archive, place / "model", limits)
        assert list(place.iterdir()) == []
        assert {path for path in tmp_path.rglob("*") if path != place} == before
        return str(refusal.value)

    return run


def test_files_and_folders_come_out(tmp_path: Path) -> None:
    archive = write(
        tmp_path / "a.tar.gz",
        member("./", kind=tarfile.DIRTYPE, mode=0o755),
        member("./model.pth", b"weights"),
        member("code/inference.py", b"code"),
    )
    unpack(archive, tmp_path / "model")
    assert (tmp_path / "model" / "model.pth").read_bytes() == b"weights"
    assert (tmp_path / "model" / "code" / "inference.py").read_bytes() == b"code"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.tar.gz", "model"]


def test_dangerous_permissions_do_not_come_out(tmp_path: Path) -> None:
    unpack(write(tmp_path / "a.tar.gz", member("tool", b"x", mode=0o6777)), tmp_path / "model")
    mode = (tmp_path / "model" / "tool").stat().st_mode
    assert not mode & (stat.S_ISUID | stat.S_ISGID | stat.S_IWGRP | stat.S_IWOTH)


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (member("/etc/passwd", b"x"), "'/etc/passwd' has an absolute"),
        (member("C:\\windows", b"x"), "absolute or foreign"),
        (member("../up", b"x"), "'../up' has '..'"),
        (member("a/../../up", b"x"), "'a/../../up' has '..'"),
        (member("out", kind=tarfile.SYMTYPE, linkname="/etc/passwd"), "'out' is a link to '/etc/passwd'"),
        (member("out", kind=tarfile.SYMTYPE, linkname="../../x"), "'out' is a link"),
        (member("in", kind=tarfile.SYMTYPE, linkname="model.pth"), "'in' is a link"),
        (member("hard", kind=tarfile.LNKTYPE, linkname="/etc/passwd"), "'hard' is a link"),
        (member("pipe", kind=tarfile.FIFOTYPE), "'pipe' is neither a plain file nor a folder"),
        (member("null", kind=tarfile.CHRTYPE, devmajor=1, devminor=3), "'null' is neither"),
        (member("sparse", kind=tarfile.GNUTYPE_SPARSE), "'sparse' is a sparse file"),
        (member("/".join(["d"] * 17), b"x"), "more than 16 folders deep"),
        (member("good.txt/below", b"x"), "'good.txt/below' cannot be written"),
        (member("x" * 300, b"x"), "cannot be written"),
        (member("x" * 5000, b"x"), "cannot be written"),
        (member("good.txt", b"other"), "'good.txt' cannot be written: File exists"),
        (member("./a//../good.txt", b"x"), "has '..'"),
        (member("", b"x"), "'' cannot be written"),
        (member(".", b"x"), "'.' cannot be written"),
        (member("good.txt", kind=tarfile.DIRTYPE), "'good.txt' cannot be written"),
        (member("line\nbreak", b"x"), r"'line\nbreak' has a character"),
        (member("\x1b[2J", b"x"), r"'\x1b[2J' has a character"),
        (member("\u202egnp.txt", b"x"), r"'\u202egnp.txt' has a character"),
        (member("\udcff", b"x"), r"'\udcff' has a character"),
        (member("disk", kind=tarfile.BLKTYPE, devmajor=8), "'disk' is neither"),
        (member("what", kind=b"Z"), "'what' is neither"),
        (member("hard", kind=tarfile.LNKTYPE, linkname="good.txt"), "'hard' is a link to 'good.txt'"),
    ],
)
def test_unsafe_members_are_refused(
    tmp_path: Path, refuse: Callable[..., str], bad: tuple[tarfile.TarInfo, bytes], reason: str
) -> None:
    archive = write(tmp_path / "a.tar.gz", member("good.txt", b"good"), bad, format=tarfile.GNU_FORMAT)
    assert reason in refuse(archive)


def test_a_name_that_no_file_can_have_is_refused(tmp_path: Path, refuse: Callable[..., str]) -> None:
    info, content = member("x", b"x")
    info.pax_headers = {"path": "model\0.pth"}
    archive = write(tmp_path / "a.tar.gz", (info, content), format=tarfile.PAX_FORMAT)
    assert "a character that cannot be shown" in refuse(archive)


def headers(*parts: tuple[tarfile.TarInfo, bytes]) -> bytes:
    """Members one after the other, without the end of the tar, with whatever size they claim."""
    return b"".join(
        info.tobuf(tarfile.GNU_FORMAT) + content.ljust(-len(content) % 512 + len(content), b"\0")
        for info, content in parts
    )


def pax(records: bytes, kind: bytes = tarfile.XHDTYPE) -> tuple[tarfile.TarInfo, bytes]:
    return member("pax", records, kind)


def record(key: bytes, value: bytes) -> bytes:
    length = len(key) + len(value) + 3
    while len(str(length)) + len(key) + len(value) + 3 != length:
        length += 1
    return b"%d %s=%s\n" % (length, key, value)


X = member("x", b"x")
HUGE = b"9" * 15


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ([pax(record(b"size", b"-1000000")), X], "'x' has less than no content"),
        ([member("x", size=-(10**9))], "'x' has less than no content"),
        ([pax(record(b"size", HUGE)), X], "'x' takes it over"),
        ([pax(record(b"path", b"../up")), X], "'../up' has '..'"),
        ([pax(record(b"path", b"/etc/passwd")), X], "has an absolute"),
        ([pax(record(b"path", b"../up"), tarfile.XGLTYPE), pax(b""), X], "'../up' has '..'"),
        ([pax(record(b"linkpath", b"/etc")), member("x", kind=tarfile.SYMTYPE)], "is a link to '/etc'"),
        ([pax(record(b"GNU.sparse.map", b"0,1"), tarfile.XHDTYPE), X], "is a sparse file"),
        ([pax(record(b"GNU.sparse.size", HUGE) + record(b"GNU.sparse.offset", HUGE)), X], "is a sparse file"),
        ([pax(record(b"GNU.sparse.major", b"1") + record(b"GNU.sparse.minor", b"0")), X], "is a sparse file"),
        ([member("s", kind=tarfile.GNUTYPE_SPARSE, size=10**13)], "'s' is a sparse file"),
        ([member("pax", kind=tarfile.XHDTYPE, size=10**13)], "extended header of a member is 1000"),
        ([member("long", kind=tarfile.GNUTYPE_LONGNAME, size=10**13)], "extended header of a member is"),
        ([member("long", kind=tarfile.GNUTYPE_LONGLINK, size=-512)], "extended header of a member is -512 bytes"),
        ([pax(b"")] * 5000 + [X], "too many extended headers"),
        ([member("long", b"n", tarfile.GNUTYPE_LONGNAME)] * 5000 + [X], "too many extended headers"),
        ([pax(record(b"k", b"v" * 60_000), tarfile.XGLTYPE), X, *[pax(record(b"k", b"v" * 60_000))] * 20], "too many"),
        ([pax(b"1" * 5000 + b" path=x\n"), X], "not a valid tar.gz"),
        ([X, (tarfile.TarInfo("y"), b"no header".ljust(512, b"!"))], "a header is damaged"),
    ],
)  # fmt: skip
def test_headers_that_lie_are_refused(
    tmp_path: Path, refuse: Callable[..., str], parts: list[tuple[tarfile.TarInfo, bytes]], reason: str
) -> None:
    (tmp_path / "a.tar.gz").write_bytes(gzip.compress(headers(*parts) + bytes(1024)))
    assert reason in refuse(tmp_path / "a.tar.gz")


def test_a_million_members_are_refused_at_once_with_little_memory(tmp_path: Path, refuse: Callable[..., str]) -> None:
    thousand = [gzip.compress(b"".join(tarfile.TarInfo(f"{k}/{n}").tobuf() for n in range(1000))) for k in range(20)]
    (tmp_path / "a.tar.gz").write_bytes(b"".join(thousand * 50))
    tracemalloc.start()
    try:
        assert "more than 1000 members" in refuse(tmp_path / "a.tar.gz", Limits(members=1000))
        assert tracemalloc.get_traced_memory()[1] < 8 * 1024**2
    finally:
        tracemalloc.stop()


def test_a_bomb_is_refused_before_it_goes_off(tmp_path: Path, refuse: Callable[..., str]) -> None:
    """Ten times the limit of zeros in a few kilobytes, as a member, as what follows, and as an archive in itself."""
    zeros = gzip.compress(bytes(10**7)) * 1000
    for start in (headers(member("x", size=10**10)), headers(X) + bytes(1024), b"x", b""):
        (tmp_path / "a.tar.gz").write_bytes(gzip.compress(start) + zeros)
        refuse(tmp_path / "a.tar.gz")
        (tmp_path / "place").rmdir()


@settings(
    max_examples=300, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_whatever_the_bytes_are_it_is_unpacked_whole_or_refused(tmp_path: Path, data: st.DataObject) -> None:
    place = tmp_path / "place"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    whole = bytearray(
        headers(pax(record(b"path", b"a/b")), X, member("code", kind=tarfile.DIRTYPE), member("c", b"y" * 700))
    )
    for offset, byte in data.draw(st.lists(st.tuples(st.integers(0, len(whole) - 1), st.integers(0, 255)), max_size=6)):
        whole[offset] = byte
    if data.draw(st.booleans()):  # or hardly anything would get past the checksums
        for start in range(0, len(whole), 512):
            block = whole[start : start + 512]
            block[148:156] = b"%06o\0 " % (256 + sum(block[:148]) + sum(block[156:]))
            whole[start : start + 512] = block
    packed = gzip.compress(bytes(whole) + bytes(1024))
    end = data.draw(st.integers(0, len(packed)) | st.just(len(packed)))
    (tmp_path / "a.tar.gz").write_bytes(packed[:end] + data.draw(st.just(b"") | st.binary(max_size=20)))
    try:
        unpack(tmp_path / "a.tar.gz", place / "model", Limits(total_bytes=10**6, members=10))
    except ArchiveRefused as refusal:
        assert str(refusal).isprintable()
        assert list(place.iterdir()) == []
    else:
        assert [path.name for path in place.iterdir()] == ["model"]
    assert {path.name for path in tmp_path.iterdir()} == {"place", "a.tar.gz"}


def test_programs_stay_programs(tmp_path: Path) -> None:
    unpack(write(tmp_path / "a.tar.gz", member("tool", b"x", mode=0o755)), tmp_path / "model")
    assert stat.S_IMODE((tmp_path / "model" / "tool").stat().st_mode) == 0o755


def test_a_file_cannot_be_written_through_a_link(tmp_path: Path, refuse: Callable[..., str]) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    link = member("code", kind=tarfile.SYMTYPE, linkname=str(outside))
    archive = write(tmp_path / "a.tar.gz", link, member("code/inference.py", b"x"))
    assert "'code' is a link" in refuse(archive)
    assert list(outside.iterdir()) == []


def test_total_size_is_limited_before_it_is_written(tmp_path: Path, refuse: Callable[..., str]) -> None:
    archive = write(tmp_path / "a.tar.gz", member("one", b"x" * 600), member("two", b"x" * 600))
    assert "'two' takes it over 1000 bytes" in refuse(archive, Limits(total_bytes=1000))


def test_a_claimed_size_counts(tmp_path: Path, refuse: Callable[..., str]) -> None:
    info = tarfile.TarInfo("huge")
    info.size = 10**15
    (tmp_path / "a.tar.gz").write_bytes(gzip.compress(info.tobuf()))
    assert "'huge' takes it over" in refuse(tmp_path / "a.tar.gz")


def test_number_of_members_is_limited(tmp_path: Path, refuse: Callable[..., str]) -> None:
    archive = write(tmp_path / "a.tar.gz", *(member(f"file{number}") for number in range(11)))
    assert "more than 10 members" in refuse(archive, Limits(members=10))


def test_extended_headers_are_limited(tmp_path: Path, refuse: Callable[..., str]) -> None:
    info, content = member("x", b"x")
    info.pax_headers = {"comment": "c" * 100_000}
    archive = write(tmp_path / "a.tar.gz", (info, content), format=tarfile.PAX_FORMAT)
    assert "extended header" in refuse(archive)


@pytest.mark.parametrize("damage", ["cut", "flipped", "followed", "plain tar", "text", "empty"])
def test_damaged_archives_are_refused(tmp_path: Path, refuse: Callable[..., str], damage: str) -> None:
    archive = write(tmp_path / "a.tar.gz", member("model.pth", bytes(range(256)) * 400))
    whole = archive.read_bytes()
    damaged = {
        "cut": whole[: len(whole) // 2],
        "flipped": whole[:-8] + bytes([whole[-8] ^ 0xFF]) + whole[-7:],  # in the checksum
        "followed": whole + b"garbage",
        "plain tar": gzip.decompress(whole),
        "text": b"this is not an archive",
        "empty": b"",
    }
    archive.write_bytes(damaged[damage])
    assert "not a valid tar.gz" in refuse(archive)


@pytest.mark.parametrize("compress", [gzip.compress, lzma.compress, bz2.compress])
def test_an_archive_that_is_compressed_twice_is_refused(
    tmp_path: Path, refuse: Callable[..., str], compress: Callable[[bytes], bytes]
) -> None:
    archive = write(tmp_path / "a.tar.gz", member("x", b"x"))
    archive.write_bytes(gzip.compress(compress(gzip.decompress(archive.read_bytes()))))
    assert "not a valid tar.gz" in refuse(archive)


def test_what_follows_the_tar_is_limited(tmp_path: Path, refuse: Callable[..., str]) -> None:
    archive = write(tmp_path / "a.tar.gz", member("x", b"x"))
    archive.write_bytes(gzip.compress(gzip.decompress(archive.read_bytes()) + bytes(2 * 1024**2)))
    assert "goes on after the end" in refuse(archive)
