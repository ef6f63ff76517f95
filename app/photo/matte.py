"""Where the head is: the walls behind it are none of an edit's business."""

import cv2
import numpy as np

from app.photo.guide import Guide
from app.photo.pixels import blurred, resize, to_float

SIDE = 128  # pixels at which GrabCut looks for the head
CENTRE = 0.497  # of an aligned face, across the square
WIDEST = 0.37  # half the width of a head with its hair, as a part of the square's side; more below, where hair falls
CROWN, EARS = 0.03, 0.5  # height of the head's top and of its widest place, from the square's top
CORE_CENTRE, CORE_RADII = (CENTRE, 0.47), (0.26, 0.38)  # surely head: the face and the hair above it
WALL_WIDTH, WALL_HEIGHT = 0.22, 0.45  # surely wall: triangles in the two upper corners, and a strip above them
WALL_STRIP = 0.02
ROUNDS = 3  # of GrabCut; a fourth changes nothing that is seen
HOLE = 0.04  # an enclosed gap up to this part of the square is a highlight in the hair, not a window
LEAST_SHARE = 0.35  # of head around a pixel at which it counts as head: what is mixed at the edge is hair, not wall
EDGE_BLUR, EDGE_NOISE = 3.0, 0.01  # pixels of those, and contrast, in which the matte's edge follows the photo's
EDGE_SIDE = 256  # pixels at which it is explained by the photo


def head_matte(square: np.ndarray) -> np.ndarray:
    """The head with hair and shoulders in the square of an aligned face: 1 in it, 0 on what is behind.

    GrabCut (Rother, Kolmogorov and Blake 2004) from where heads are in aligned faces; what hangs together with the face
    counts. A guided filter then takes the matte's edge to the photo's own, strand by strand. The same square gives the
    same matte.

    Args:
        square: (H, W, 3) uint8, the model's square at any size.
    Returns:
        (H, W) float32 in [0, 1].
    """
    picture = cv2.cvtColor(cv2.resize(square, (SIDE, SIDE), interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2LAB)
    trimap = _trimap()
    cv2.setRNGSeed(0)  # GrabCut's clusters start at random; OpenCV keeps one generator for each thread
    cv2.grabCut(picture, trimap, None, np.zeros((1, 65)), np.zeros((1, 65)), ROUNDS, cv2.GC_INIT_WITH_MASK)
    head = np.isin(trimap, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.uint8)
    _, parts = cv2.connectedComponents(head)
    head = _filled((parts == parts[SIDE // 2, SIDE // 2]).astype(np.uint8)).astype(np.float32)
    return _with_edges((blurred(head, 1.0) > LEAST_SHARE).astype(np.float32), to_float(square))


def _with_edges(head: np.ndarray, square: np.ndarray) -> np.ndarray:
    """A mask (S, S) at the size of the photo (H, W, 3), its edge where the photo has one."""
    size = (square.shape[1], square.shape[0])
    small = tuple(min(EDGE_SIDE, side) for side in size)
    guide = Guide.of(resize(square, small), EDGE_BLUR * small[0] / SIDE, EDGE_NOISE)
    slope, offset, _ = guide.explain(cv2.resize(head, small)[None], EDGE_NOISE)  # (3, 1, h, w), (1, h, w)
    matte = cv2.resize(offset[0], size)
    for channel in range(3):
        matte += cv2.resize(slope[channel, 0], size) * square[:, :, channel]
    return np.clip(matte, 0, 1)


def _trimap() -> np.ndarray:
    """(128, 128) uint8, GrabCut's four kinds of pixels: surely or probably head, surely or probably not."""
    at = (np.arange(SIDE, dtype=np.float32) + 0.5) / SIDE
    x, y = np.meshgrid(at, at)
    width = WIDEST * np.sqrt(np.clip(1 - ((EARS - y) / (EARS - CROWN)) ** 2, 0, 1))
    width = np.where(y < EARS, width, WIDEST + 0.1 * (y - EARS))
    trimap = np.where(np.abs(x - CENTRE) < width, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    core = np.hypot((x - CORE_CENTRE[0]) / CORE_RADII[0], (y - CORE_CENTRE[1]) / CORE_RADII[1]) < 1
    trimap[core] = cv2.GC_FGD
    corner = WALL_WIDTH * np.clip(1 - y / WALL_HEIGHT, 0, 1)
    trimap[(np.minimum(x, 1 - x) < corner) | (y < WALL_STRIP)] = cv2.GC_BGD
    return trimap


def _filled(head: np.ndarray) -> np.ndarray:
    """The mask (H, W) of 0 and 1 without its small holes."""
    _, parts, found, _ = cv2.connectedComponentsWithStats(1 - head)
    holes = [i for i in range(1, len(found)) if found[i, cv2.CC_STAT_AREA] <= HOLE * head.size]
    return np.where(np.isin(parts, holes), 1, head)
