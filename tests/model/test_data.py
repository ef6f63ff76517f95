"""CelebA's layouts, its tables and what can be wrong with them."""

import os
import shutil
import subprocess
import zipfile
from types import SimpleNamespace

import numpy as np
import pytest

from model.data import ATTRIBUTES, CelebA, DataError
from model.preprocessing import face_light
from tests.faces import draw_face

FACES = 12


@pytest.fixture
def faces():
    """Drawn faces by file name; every third at CelebA's half size."""
    rng = np.random.default_rng(0)
    return {f"{i:06d}.jpg": draw_face(rng, (89, 109) if i % 3 == 0 else (178, 218))[0] for i in range(1, FACES + 1)}


def write_faces(folder, faces):
    folder.mkdir(parents=True)
    for name, face in faces.items():
        face.save(folder / name)


def rows_of(faces, n=FACES):
    values = np.where(np.random.default_rng(1).random((n, 40)) < 0.5, 1, -1)
    return dict(zip(list(faces)[:n], values, strict=True))


def official(root, faces, labelled=FACES, nested=""):
    labels = rows_of(faces, labelled)
    folder = root / nested if nested else root
    folder.mkdir(parents=True, exist_ok=True)
    text = f"{len(labels)}\n{' '.join(ATTRIBUTES)} \n"
    text += "".join(f"{name} {' '.join(f'{v:2d}' for v in row)}\n" for name, row in labels.items())
    (folder / "list_attr_celeba.txt").write_text(text)
    return labels


def kaggle(root, faces):
    labels = rows_of(faces)
    lines = ["image_id," + ",".join(ATTRIBUTES)]
    lines += [name + "," + ",".join(map(str, row)) for name, row in labels.items()]
    (root / "list_attr_celeba.csv").write_text("\n".join(lines) + "\n")
    split = ["image_id,partition"] + [f"{name},{i % 2}" for i, name in enumerate(faces)]
    (root / "list_eval_partition.csv").write_text("\n".join(split) + "\n")
    return labels


def test_the_official_layout_with_some_unlabelled_faces(tmp_path, faces):
    write_faces(tmp_path / "d" / "img_align_celeba", faces)
    labels = official(tmp_path / "d", faces, labelled=8, nested="Anno")
    data = CelebA(tmp_path / "d", cache=tmp_path / "c")
    assert data.names == list(faces)
    assert (data.labels[:8] == np.stack(list(labels.values()))).all()
    assert (data.labels[8:] == 0).all()
    assert list(data.rows(labelled=True)) == list(range(8))


def test_kaggles_layout(tmp_path, faces):
    write_faces(tmp_path / "d" / "img_align_celeba" / "img_align_celeba", faces)
    labels = kaggle(tmp_path / "d", faces)
    data = CelebA(tmp_path / "d", cache=tmp_path / "c")
    assert (data.labels == np.stack(list(labels.values()))).all()
    assert list(data.rows("valid")) == list(range(1, FACES, 2))


def test_a_zip_reads_like_the_folder(tmp_path, faces):
    write_faces(tmp_path / "d" / "img_align_celeba", faces)
    (tmp_path / "z").mkdir()
    with zipfile.ZipFile(tmp_path / "z" / "img_align_celeba.zip", "w") as archive:
        for name in faces:
            archive.write(tmp_path / "d" / "img_align_celeba" / name, f"img_align_celeba/{name}")
    unpacked = CelebA(tmp_path / "d", cache=tmp_path / "c1").images(16)
    assert (CelebA(tmp_path / "z", cache=tmp_path / "c2").images(16) == unpacked).all()


def test_faces_are_decoded_once_and_their_size_is_known(tmp_path, faces):
    write_faces(tmp_path / "d" / "img_align_celeba", faces)
    data = CelebA(tmp_path / "d", cache=tmp_path / "c")
    first = np.array(data.images(16))
    assert first.shape == (FACES, 16, 16, 3) and first.std() > 10
    assert list(data.sharp) == [i % 3 != 0 for i in range(1, FACES + 1)]
    # Same size in bytes, other pixels: if it were decoded again, this would show.
    path = tmp_path / "d" / "img_align_celeba" / "000002.jpg"
    path.write_bytes(b"x" * path.stat().st_size)
    assert (CelebA(tmp_path / "d", cache=tmp_path / "c").images(16) == first).all()


def test_a_changed_listing_is_decoded_afresh(tmp_path, faces):
    write_faces(tmp_path / "d" / "img_align_celeba", faces)
    CelebA(tmp_path / "d", cache=tmp_path / "c").images(16)
    (tmp_path / "d" / "img_align_celeba" / "000012.jpg").unlink()
    assert len(CelebA(tmp_path / "d", cache=tmp_path / "c").images(16)) == FACES - 1


def test_a_made_split_keeps_people_apart(tmp_path, faces):
    write_faces(tmp_path / "d" / "img_align_celeba", faces)
    (tmp_path / "d" / "identity_CelebA.txt").write_text("".join(f"{n} {i // 2}\n" for i, n in enumerate(faces)))
    data = CelebA(tmp_path / "d", cache=tmp_path / "c")
    assert not set(data.identity[data.rows("train")]) & set(data.identity[data.rows("valid")])


@pytest.mark.parametrize("size", [0, 40, 1000])
def test_a_damaged_cache_is_named(tmp_path, faces, size):
    write_faces(tmp_path / "d" / "img_align_celeba", faces)
    CelebA(tmp_path / "d", cache=tmp_path / "c").images(16)
    path = next(p for p in (tmp_path / "c").iterdir() if p.name.count(".") == 1)
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(DataError, match=path.name):
        CelebA(tmp_path / "d", cache=tmp_path / "c").images(16)


def test_a_cache_whose_header_has_a_flipped_bit_is_named(tmp_path, faces):
    write_faces(tmp_path / "d" / "img_align_celeba", faces)
    CelebA(tmp_path / "d", cache=tmp_path / "c").images(16)
    path = next(p for p in (tmp_path / "c").iterdir() if p.name.count(".") == 1)
    whole = path.read_bytes()
    brace = whole.index(b"}")  # of the dictionary that the header is
    path.write_bytes(whole[:brace] + b"|" + whole[brace + 1 :])
    with pytest.raises(DataError, match=path.name):
        CelebA(tmp_path / "d", cache=tmp_path / "c").images(16)


def test_a_cache_with_a_damaged_face_is_named(tmp_path, faces):
    write_faces(tmp_path / "d" / "img_align_celeba", faces)
    whole = np.array(CelebA(tmp_path / "d", cache=tmp_path / "c").images(16))
    (sums,) = (tmp_path / "c").glob("*.sums.npy")
    path = sums.with_name(sums.name.replace(".sums", ""))
    content = bytearray(path.read_bytes())
    content[-700] ^= 4
    path.write_bytes(content)
    with pytest.raises(DataError, match=f"{path.name} is damaged .its faces have other checksums"):
        CelebA(tmp_path / "d", cache=tmp_path / "c").images(16)
    sums.unlink()  # a cache from before there were any
    assert (CelebA(tmp_path / "d", cache=tmp_path / "c").images(16) != whole).sum() == 1


def test_labels_and_splits_are_in_the_fingerprint_and_not_in_the_caches_name(tmp_path, faces):
    write_faces(tmp_path / "d" / "img_align_celeba", faces)
    prints, root = set(), tmp_path / "d"
    for smiling, split in ((1, 0), (-1, 0), (1, 1)):
        (root / "list_attr_celeba.txt").write_text(f"1\n{' '.join(ATTRIBUTES)}\n000001.jpg {f'{smiling} ' * 40}\n")
        rows = (f"{name} {split if i == 0 else 0}\n" for i, name in enumerate(faces))
        (root / "list_eval_partition.txt").write_text("".join(rows))
        data = CelebA(root, cache=tmp_path / "c")
        data.images(16)
        prints.add(data.fingerprint())
    assert len(prints) == 3  # a resumed run compares it
    assert len(list((tmp_path / "c").glob("*.npy"))) == 3  # the faces, whether they are sharp, and their checksums


def test_what_a_killed_run_left_is_swept_away_and_a_living_ones_stays(tmp_path, faces):
    write_faces(tmp_path / "data", faces)
    data = CelebA(tmp_path / "data", cache=tmp_path / "cache")
    data.images(16)
    (whole,) = (path for path in (tmp_path / "cache").glob("*.npy") if path.name.count(".") == 1)
    whole.unlink()
    killed = subprocess.Popen(["true"])
    killed.wait()
    left, living = (whole.with_suffix(f".{pid}.partial") for pid in (killed.pid, os.getppid()))
    for path in (left, living):
        path.write_bytes(b"half")
    data.images(16)
    assert (left.exists(), living.exists(), whole.exists()) == (False, True, True)


def test_a_full_disk_is_told_before_anything_is_decoded(tmp_path, faces, monkeypatch):
    write_faces(tmp_path / "data", faces)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=1000))
    with pytest.raises(DataError, match="0.0 GB free, and these faces need"):
        CelebA(tmp_path / "data", cache=tmp_path / "cache").images(16)
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_picture_that_does_not_decode_is_named_and_leaves_no_cache(tmp_path, faces):
    write_faces(tmp_path / "d" / "img_align_celeba", faces)
    (tmp_path / "d" / "img_align_celeba" / "000007.jpg").write_text("not a picture")
    with pytest.raises(DataError, match="000007.jpg does not decode"):
        CelebA(tmp_path / "d", cache=tmp_path / "c").images(16)
    assert not list((tmp_path / "c").iterdir())


def test_missing_and_empty_folders(tmp_path):
    with pytest.raises(DataError, match="there is no data folder"):
        CelebA(tmp_path / "nowhere")
    with pytest.raises(DataError, match="holds no pictures"):
        CelebA(tmp_path)


@pytest.mark.parametrize(
    ("table", "text", "message"),
    [
        ("list_attr_celeba.txt", "", "must name CelebA's 40 attributes"),
        ("list_attr_celeba.csv", f"image_id,{','.join(ATTRIBUTES)}\n000001.jpg,{200_000 * '1'}", "cannot read .*csv"),
        ("list_attr_celeba.txt", "1\nSmiling Young\n000001.jpg 1 1\n", "missing: 5_o_Clock_Shadow"),
        ("list_attr_celeba.txt", f"1\n{' '.join(ATTRIBUTES)}\n000001.jpg 1 1\n", "000001.jpg .row 2. needs 40 values"),
        ("list_attr_celeba.txt", f"1\n{' '.join(ATTRIBUTES)}\n000001.jpg {'7 ' * 40}\n", "1 or -1"),
        ("list_eval_partition.txt", "000001.jpg 9\n", "9 is not one of"),
        ("list_eval_partition.txt", "000001.jpg\n", "expected a file name and a number"),
        ("list_eval_partition.txt", "000001.jpg 0\n", "has no row for 000002.jpg"),
        ("identity_CelebA.txt", "000001.jpg somebody\n", "expected a file name and a number"),
    ],
)
def test_a_broken_table_is_named(tmp_path, faces, table, text, message):
    write_faces(tmp_path / "d" / "img_align_celeba", faces)
    (tmp_path / "d" / table).write_text(text)
    with pytest.raises(DataError, match=message) as caught:
        CelebA(tmp_path / "d", cache=tmp_path / "c")
    assert table.split(".")[0] in str(caught.value)


def test_a_table_in_another_order_of_attributes(tmp_path, faces):
    write_faces(tmp_path / "d" / "img_align_celeba", faces)
    names = list(reversed(ATTRIBUTES))
    row = ["1" if name == "Young" else "-1" for name in names]
    (tmp_path / "d" / "list_attr_celeba.txt").write_text(f"1\n{' '.join(names)}\n000001.jpg {' '.join(row)}\n")
    data = CelebA(tmp_path / "d", cache=tmp_path / "c")
    assert data.labels[0, ATTRIBUTES.index("Young")] == 1 and data.labels[0].sum() == 1 - 39


def test_the_light_on_a_face_is_the_colour_of_its_middle():
    images = np.zeros((2, 20, 20, 3), np.float32)
    images[1, 6:16, 6:14] = (0.9, 0.5, 0.25)
    np.testing.assert_allclose(face_light(images), [[0, 0, 0], [0.9, 0.5, 0.25]], atol=1e-6)
