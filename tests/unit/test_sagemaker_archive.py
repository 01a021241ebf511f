"""Unpacking model.tar.gz: what comes out, what is refused, and that a refusal leaves nothing behind."""

import bz2
import gzip
import io
import lzma
import stat
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

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
    assert "cannot be written" in refuse(archive)


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


@pytest.mark.parametrize("damage", ["cut", "flipped", "plain tar", "text", "empty"])
def test_damaged_archives_are_refused(tmp_path: Path, refuse: Callable[..., str], damage: str) -> None:
    archive = write(tmp_path / "a.tar.gz", member("model.pth", bytes(range(256)) * 400))
    whole = archive.read_bytes()
    damaged = {
        "cut": whole[: len(whole) // 2],
        "flipped": whole[:-8] + bytes([whole[-8] ^ 0xFF]) + whole[-7:],  # in the checksum
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
