from errno import ENOENT
from pathlib import Path

from exporter.config.file_patterns import (
    FilesRead,
    absolute_pattern,
    files_signature,
    literal_path,
    matching_files,
)
from tests.config.conftest import Write


def test_a_folder_with_a_pattern_in_its_name_is_literal(write: Write, tmp_path: Path) -> None:
    write("a[1]/b.yaml", "")
    write("a1/c.yaml", "")
    folder = tmp_path / "a[1]"
    assert matching_files([absolute_pattern(folder, "*.yaml")]) == [folder / "b.yaml"]
    assert matching_files([absolute_pattern(folder, "b.yaml")]) == [folder / "b.yaml"]


def test_tells_paths_from_patterns(tmp_path: Path) -> None:
    folder = tmp_path / "a[1]"
    assert literal_path(absolute_pattern(folder, "b.yaml")) == folder / "b.yaml"
    assert literal_path(absolute_pattern(folder, "*.yaml")) is None
    assert literal_path(absolute_pattern(folder, "/etc/a.yaml")) == Path("/etc/a.yaml")


def test_matches_each_file_once_and_no_hidden_ones(write: Write, tmp_path: Path) -> None:
    for name in ("b.yaml", "a.yaml", ".a.yaml", "x/c.yaml"):
        write(name, "")
    patterns = [f"{tmp_path}/**/*.yaml", f"{tmp_path}/a.yaml"]
    assert matching_files(patterns) == [
        tmp_path / name for name in ("a.yaml", "b.yaml", "x/c.yaml")
    ]


class TestSignature:
    def test_stays_while_nothing_changes(self, write: Write, tmp_path: Path) -> None:
        write("a.yaml", "1")
        write("b.json", "1")
        before = files_signature([f"{tmp_path}/*.yaml"])
        write("b.json", "2")
        assert files_signature([f"{tmp_path}/*.yaml"]) == before

    def test_changes_with_the_content(self, write: Write) -> None:
        file = write("a.yaml", "1")
        before = files_signature([str(file)])
        file.write_text("12", encoding="utf-8")
        assert files_signature([str(file)]) != before

    def test_changes_when_a_file_comes_or_goes(self, write: Write, tmp_path: Path) -> None:
        pattern = f"{tmp_path}/*.yaml"
        empty = files_signature([pattern])
        file = write("a.yaml", "1")
        assert files_signature([pattern]) != empty
        file.unlink()
        assert files_signature([pattern]) == empty

    def test_changes_with_a_swapped_link(self, write: Write, tmp_path: Path) -> None:
        write("old/a.yaml", "1")
        write("new/a.yaml", "1")
        link = tmp_path / "current"
        link.symlink_to("old")
        pattern = f"{tmp_path}/current/*.yaml"
        before = files_signature([pattern])
        (tmp_path / "next").symlink_to("new")
        (tmp_path / "next").rename(link)
        assert files_signature([pattern]) != before

    def test_a_dangling_link_is_no_failure(self, tmp_path: Path) -> None:
        link = tmp_path / "a.yaml"
        link.symlink_to("gone")
        assert files_signature([f"{tmp_path}/*.yaml"]) == [(link, ENOENT)]


class TestFilesRead:
    def test_what_stayed_as_it_was_is_known_by_its_signature(
        self, write: Write, tmp_path: Path
    ) -> None:
        patterns = [f"{tmp_path}/*.yaml"]
        write("a.yaml", "1")

        assert FilesRead.now(patterns).signature() == files_signature(patterns)

    def test_what_changed_while_it_was_read_is_not_known(
        self, write: Write, tmp_path: Path
    ) -> None:
        patterns = [f"{tmp_path}/*.yaml"]
        reading = FilesRead.now(patterns)
        came_meanwhile = write("a.yaml", "1")
        signature = reading.signature()
        came_meanwhile.unlink()

        assert signature is None
        assert files_signature(patterns) is not None
