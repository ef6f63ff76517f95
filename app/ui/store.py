"""Opened faces kept on the server between two ticks: bounded, the longest unused forgotten first."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable

from app.faces import OpenFace

CAPACITY = 200  # faces; two and a half megabytes each


class FaceStore:
    """Opened faces by key. The page's state holds the key; the pixels stay here, and can be lost.

    A face that was forgotten is opened again by whoever asks, so that a visitor loses time, never work.
    """

    def __init__(self, capacity: int = CAPACITY):
        if capacity < 1:
            raise ValueError(f"A face store holds one face or more, not {capacity}.")
        self._capacity = capacity
        self._faces: OrderedDict[Hashable, OpenFace] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._faces)

    def __contains__(self, key: Hashable) -> bool:
        return key in self._faces

    def put(self, key: Hashable, face: OpenFace) -> OpenFace:
        """Keep the face under this key, as the one used last; the longest unused ones go."""
        with self._lock:
            self._faces[key] = face
            self._faces.move_to_end(key)
            while len(self._faces) > self._capacity:
                self._faces.popitem(last=False)
        return face

    def get(self, key: Hashable, reopen: Callable[[], OpenFace]) -> OpenFace:
        """The face under this key, opened again by `reopen` if it was forgotten; what that raises is raised."""
        with self._lock:
            face = self._faces.get(key)
            if face is not None:
                self._faces.move_to_end(key)
                return face
        return self.put(key, reopen())  # outside the lock: opening takes time, and others go on

    def drop(self, token: str) -> None:
        """Forget every face whose key is a tuple that begins with this token."""
        with self._lock:
            for key in [key for key in self._faces if isinstance(key, tuple) and key[0] == token]:
                del self._faces[key]
