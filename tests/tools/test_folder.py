"""A folder of a person's own texts: built, kept, brought up to date, and told what is wrong."""

import os
import sqlite3
from pathlib import Path

import pytest
from agentkit.tools import search_in
from agentkit.tools.folder import index_folder, refresh
from agentkit.tools.texts import html_to_text, read_passages
from hypothesis import given, settings
from hypothesis import strategies as st

NOTES = {
    "garden/beans.md": "# Beans\n\nSow runner beans in May.\n\n## Harvest\n\nPick them from July, every other day.\n",
    "trips/lima 2023.txt": "We flew to Lima.\n\nThe hotel in Miraflores cost 84 soles a night.",
    "recipes/bread.html": "<html><head><title>Bread</title><style>.beans{}</style></head><body><h1>Bread</h1>"
    "<p>500&nbsp;g flour &amp; 7 g <b>dry</b> yeast.<script>beans()</script><ul><li>Bake at 230 &deg;C</ul>",
    "blank.txt": "",
    ".hidden/secret.txt": "The password is swordfish.",
    "photo.jpg": "Sow runner beans in May.",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "notes"
    for name, text in NOTES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        os.utime(path, (1_700_000_000, 1_700_000_000))
    return root


@pytest.mark.parametrize(
    ("query", "line"),
    [
        ("When do I sow beans?", "1. Sow runner beans in May. [garden/beans.md, 2023-11-14]"),
        ("bean harvest", "1. Pick them from July, every other day. [garden/beans.md, 2023-11-14]"),
        ("how much yeast for bread", "1. 500 g flour & 7 g dry yeast. Bake at 230 °C [recipes/bread.html, 2023-11-14]"),
        ("price of the hotel in Lima", "1. We flew to Lima. The hotel in Miraflores cost 84 soles a night. "
         "[trips/lima 2023.txt, 2023-11-14]"),
        ("swordfish", 'No results for "swordfish". Try other words.'),
    ],
)  # fmt: skip
def test_search_in(folder: Path, tmp_path: Path, query: str, line: str) -> None:
    tool = search_in(folder, cache_dir=tmp_path / "cache", name="notes", description="My notes.")
    assert (tool.name, tool.description) == ("notes", "My notes.")
    assert line in tool.invoke({"query": query}).splitlines()[:2]


def test_only_what_changed_is_read_again(folder: Path, tmp_path: Path) -> None:
    index = index_folder(folder, tmp_path / "cache")
    assert refresh(index, folder) == 0
    (folder / "garden/beans.md").write_text("Sow broad beans in March.", encoding="utf-8")
    (folder / "recipes/bread.html").unlink()
    (folder / "new.txt").write_text("Yeast is kept in the fridge.", encoding="utf-8")
    index.close()
    again = index_folder(folder, tmp_path / "cache")
    assert refresh(again, folder) == 0
    assert [result.text for result in again.search("beans")] == ["Sow broad beans in March."]
    assert [result.source for result in again.search("yeast")] == ["new.txt"]
    assert again.search("july") == []
    again.close()


def test_same_as_an_index_built_anew(folder: Path, tmp_path: Path) -> None:
    """Whatever files come, change and go, an index that was kept answers as one that was not."""
    kept = index_folder(folder, tmp_path / "kept")
    names = [f"n{number}.txt" for number in range(6)]

    @settings(max_examples=25, deadline=None)
    @given(st.lists(st.tuples(st.sampled_from(names), st.sampled_from(["", "red apple", "green pear\n\nred plum"]))))
    def changes(steps: list[tuple[str, str]]) -> None:
        for number, (name, text) in enumerate(steps):
            path = folder / name
            if text:
                path.write_text(text)
                os.utime(path, ns=(number, os.stat(path).st_mtime_ns + number))
            else:
                path.unlink(missing_ok=True)
        refresh(kept, folder)
        anew = index_folder(folder, tmp_path / f"anew{len(list(tmp_path.iterdir()))}")
        assert kept.known() == anew.known()
        for query in ("n0", "n1", "n2", "n3", "n4", "n5", "beans"):
            assert sorted(kept.search(query)) == sorted(anew.search(query))
        anew.close()

    changes()
    kept.close()


def test_a_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"there is no folder '.*nowhere' to search in"):
        search_in(tmp_path / "nowhere")
    (tmp_path / "file.txt").touch()
    with pytest.raises(NotADirectoryError, match="is a file"):
        search_in(tmp_path / "file.txt")


def test_a_broken_index_is_built_anew(folder: Path, tmp_path: Path) -> None:
    index_folder(folder, tmp_path / "cache").close()
    (database,) = (tmp_path / "cache").glob("*.sqlite3")
    database.write_bytes(b"not a database" * 1000)
    index = index_folder(folder, tmp_path / "cache")
    assert index.search("swordfish") == []
    assert len(index.search("sow beans")) == 2
    index.close()
    with sqlite3.connect(database) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    tool = search_in(folder, cache_dir=tmp_path / "cache")
    assert "runner beans" in tool.invoke({"query": "sow beans"})
    with sqlite3.connect(database) as connection:
        connection.execute("DROP TABLE passages")
    connection.close()
    assert tool.invoke({"query": "sow beans"}).startswith("Error: the index cannot be read")


def test_odd_files(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "utf16.txt").write_text("Grüße aus Köln", encoding="utf-16")
    (tmp_path / "latin.txt").write_bytes("Crème brûlée with vanilla".encode("latin-1"))
    (tmp_path / "binary.txt").write_bytes(b"vanilla\0\0\1")
    (tmp_path / "loop.txt").symlink_to(tmp_path / "loop.txt")
    (tmp_path / "again").symlink_to(tmp_path)
    tool = search_in(tmp_path, cache_dir=tmp_path / ".cache", progress=True)
    assert "Grüße aus Köln" in tool.invoke({"query": "gruss koln grusse"})
    assert tool.invoke({"query": "vanilla"}).splitlines()[1].startswith("1. Crème brûlée with vanilla [latin.txt, ")
    assert "2." not in tool.invoke({"query": "vanilla"})
    assert "left out of the index" in caplog.text


def test_long_texts_are_cut_into_passages(tmp_path: Path) -> None:
    path = tmp_path / "long.md"
    filler = "Nothing of note happened on that day, and nobody wrote about it. "
    path.write_text("# Diary\n\n" + filler * 300 + "The comet was seen over Bergen. " + filler * 300 + "x" * 5000)
    passages = read_passages(path)
    assert max(len(passage.body) for passage in passages) <= 800
    assert {passage.title for passage in passages} == {"long Diary"}
    text = search_in(tmp_path, cache_dir=tmp_path / ".cache").invoke({"query": "comet over Bergen"})
    assert "The comet was seen over Bergen." in text
    assert len(text) < 1200


@given(st.text(alphabet="<>/!?-[]&;#abp \n\"'=") | st.text())
def test_no_page_breaks_the_reader(html: str) -> None:
    assert isinstance(html_to_text(html), str)
