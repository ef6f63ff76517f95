"""The folder of uploads and finished files: this server's own, cleared of old ones, and gone when the server ends.

Gradio clears away what it has written down, which is not everything: an upload that broke off stays, and so does the
file of a component that was updated before. In a folder that it shares with other programs nobody else could either.
"""

import contextlib
import os
import re
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

NAME = re.compile(r"facet-(\d+)-\w+")  # the server's process is in it
VARIABLE = "GRADIO_TEMP_DIR"  # where Gradio looks for its folder


@contextlib.contextmanager
def own_folder(every: float, age: float) -> Iterator[Path]:
    """Give Gradio a new folder, within GRADIO_TEMP_DIR or the system's own for temporary files.

    Args:
        every: seconds between two looks for old files.
        age: seconds from a file's last change or use until it is deleted.
    """
    parent = Path(os.environ.get(VARIABLE) or tempfile.gettempdir())
    parent.mkdir(parents=True, exist_ok=True)
    _clear_after_the_dead(parent)
    before = os.environ.get(VARIABLE)
    with tempfile.TemporaryDirectory(prefix=f"facet-{os.getpid()}-", dir=parent, ignore_cleanup_errors=True) as name:
        ended, folder = threading.Event(), Path(name)
        os.environ[VARIABLE] = name
        threading.Thread(target=_keep_clear, args=(folder, every, age, ended), daemon=True).start()
        if threading.current_thread() is threading.main_thread():  # else SIGTERM would leave the folder behind
            signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        try:
            yield folder
        finally:
            ended.set()
            os.environ.pop(VARIABLE)
            if before is not None:
                os.environ[VARIABLE] = before


def clear(folder: Path, age: float) -> None:
    """Delete the files that nothing has touched for `age` seconds, and folders that have been empty for as long."""
    oldest = time.time() - age
    for path in sorted(folder.rglob("*"), reverse=True):  # what lies in a folder before the folder
        with contextlib.suppress(OSError):  # somebody else deleted it, or a folder is not empty
            if path.lstat().st_ctime <= oldest:
                path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()


def _keep_clear(folder: Path, every: float, age: float, ended: threading.Event) -> None:
    while not ended.wait(every):
        clear(folder, age)


def _clear_after_the_dead(parent: Path) -> None:
    """Delete the folders of servers that were killed."""
    for path in parent.glob("facet-*"):
        found = NAME.fullmatch(path.name)
        if found is None or path.is_symlink() or not path.is_dir():
            continue
        try:
            if int(found[1]) != os.getpid():  # a restarted container's first process has the number of the one before
                os.kill(int(found[1]), 0)
                continue
        except ProcessLookupError:
            pass
        except (PermissionError, OverflowError):
            continue  # somebody else's
        clear(path, age=-1.0)
        with contextlib.suppress(OSError):
            path.rmdir()
