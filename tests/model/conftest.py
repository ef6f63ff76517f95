"""What several tests of the model need."""

import resource
import shutil
import sys
from pathlib import Path

import pytest

from model.bundle import load_bundle
from model.folder import write_folder
from tests.faces import tiny_bundle
from tests.model.folders import contents


@pytest.fixture
def little_memory():
    """HDF5 follows some damaged lists for ever and takes memory all the while: it gets 2 GB, not the machine's."""
    if sys.platform != "linux":
        yield  # other systems do not hold a process to such a limit
        return
    before = resource.getrlimit(resource.RLIMIT_AS)
    mine = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (mine + 2 * 2**30, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_AS, before)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """A tiny bundle's folder, not to be written into."""
    return tiny_bundle(tmp_path_factory.mktemp("bundles") / "tiny")


@pytest.fixture(scope="module")
def bundle(path):
    """That bundle, loaded."""
    return load_bundle(path)


@pytest.fixture
def copy(path, tmp_path):
    """A copy of that folder, to be damaged."""
    return shutil.copytree(path, tmp_path / "copy")


@pytest.fixture
def saved(tmp_path):
    """A folder with the contents "a", alone in its parent; to be written over."""
    write_folder(tmp_path / "some" / "one", contents("a"), {"about": {"minutes": 1.5, "rate": 1e-05}})
    return tmp_path / "some" / "one"
