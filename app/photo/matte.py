"""Where the head is: the walls behind it are none of an edit's business."""

import cv2
import numpy as np

from app.photo.align import FRAME_SIZE
from app.photo.guide import Guide
from app.photo.pixels import blurred, resize, to_float

Box = tuple[int, int, int, int]
SIDE = 128  # pixels of the model's square at which GrabCut looks for the head
# Places are parts of the square's side from its left and top; the frame goes on above it, to about -0.18.
CENTRE = 0.497  # of an aligned face, across the square
WIDEST = 0.37  # half the width of a head with its hair; more below, where hair falls
CROWN, EARS = -0.12, 0.5  # height of the head's top and of its widest place
CORE_CENTRE, CORE_RADII = (CENTRE, 0.47), (0.26, 0.38)  # surely head: the face and the hair above it
WALL_WIDTH, WALL_HEIGHT = 0.22, 0.45  # surely wall: triangles in the two upper corners, and a strip above them
WALL_STRIP = 0.02
ROUNDS = 3  # of GrabCut; a fourth changes nothing that is seen
HOLE = 0.04  # an enclosed gap up to this part of the square is a highlight in the hair, not a window
LEAST_SHARE = 0.35  # of head around a pixel at which it counts as head: what is mixed at the edge is hair, not wall
EDGE_BLUR, EDGE_NOISE = 3.0, 0.01  # pixels of those, and contrast, in which the matte's edge follows the photo's
EDGE_WIDTH = 256  # pixels at which it is explained by the photo


def head_matte(frame: np.ndarray, box: Box) -> np.ndarray:
    """The head with hair and shoulders in the frame of an aligned face: 1 in it, 0 on what is behind.

    GrabCut (Rother, Kolmogorov and Blake 2004) from where heads are in aligned faces; what hangs together with the face
    counts. A guided filter then takes the matte's edge to the photo's own, strand by strand. The same frame gives the
    same matte.

    Args:
        frame: (H, W, 3) uint8, the face in the CelebA frame at any scale.
        box: left, top, right, bottom of the model's square in the frame of 178 x 218.
    Returns:
        (H, W) float32 in [0, 1].
    """
    trimap = _trimap(box)
    size = trimap.shape[1::-1]
    picture = cv2.cvtColor(cv2.resize(frame, size, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2LAB)
    middle = tuple(round((box[at] + box[at + 2]) / 2 / FRAME_SIZE[at] * size[at]) for at in (1, 0))  # row, column
    cv2.setRNGSeed(0)  # GrabCut's clusters start at random; OpenCV keeps one generator for each thread
    cv2.grabCut(picture, trimap, None, np.zeros((1, 65)), np.zeros((1, 65)), ROUNDS, cv2.GC_INIT_WITH_MASK)
    head = np.isin(trimap, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.uint8)
    _, parts = cv2.connectedComponents(head)
    head = _filled((parts == parts[middle]).astype(np.uint8)).astype(np.float32)
    return _with_edges((blurred(head, 1.0) > LEAST_SHARE).astype(np.float32), to_float(frame))


def _with_edges(head: np.ndarray, frame: np.ndarray) -> np.ndarray:
    """A mask (h, w) at the size of the photo (H, W, 3), its edge where the photo has one."""
    size = frame.shape[1::-1]
    shrink = min(1, EDGE_WIDTH / size[0])
    small = round(size[0] * shrink), round(size[1] * shrink)
    guide = Guide.of(resize(frame, small), EDGE_BLUR * small[0] / head.shape[1], EDGE_NOISE)
    slope, offset, _ = guide.explain(cv2.resize(head, small)[None], EDGE_NOISE)  # (3, 1, h, w), (1, h, w)
    matte = cv2.resize(offset[0], size)
    for channel in range(3):
        matte += cv2.resize(slope[channel, 0], size) * frame[:, :, channel]
    return np.clip(matte, 0, 1)


def _trimap(box: Box) -> np.ndarray:
    """The frame, uint8, in GrabCut's four kinds of pixels: surely or probably head, surely or probably not."""
    left, top, right, _ = box
    unit = SIDE / (right - left)  # pixels here of one there
    width, height = (round(side * unit) for side in FRAME_SIZE)
    x, y = np.meshgrid((np.arange(width, dtype=np.float32) + 0.5 - left * unit) / SIDE,
                       (np.arange(height, dtype=np.float32) + 0.5 - top * unit) / SIDE)
    across = WIDEST * np.sqrt(np.clip(1 - ((EARS - y) / (EARS - CROWN)) ** 2, 0, 1))
    across = np.where(y < EARS, across, WIDEST + 0.1 * (y - EARS))
    trimap = np.where(np.abs(x - CENTRE) < across, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    core = np.hypot((x - CORE_CENTRE[0]) / CORE_RADII[0], (y - CORE_CENTRE[1]) / CORE_RADII[1]) < 1
    trimap[core] = cv2.GC_FGD
    corner = WALL_WIDTH * np.clip(1 - y / WALL_HEIGHT, 0, None)
    trimap[(np.minimum(x, 1 - x) < corner) | (y < y[0, 0] + WALL_STRIP)] = cv2.GC_BGD
    return trimap


def _filled(head: np.ndarray) -> np.ndarray:
    """The mask (H, W) of 0 and 1 without its small holes."""
    _, parts, found, _ = cv2.connectedComponentsWithStats(1 - head)
    holes = [i for i in range(1, len(found)) if found[i, cv2.CC_STAT_AREA] <= HOLE * SIDE**2]
    return np.where(np.isin(parts, holes), 1, head)
