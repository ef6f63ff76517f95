"""Whether visitors' faces should be decoded together: `python -m benchmarks.batching [--seconds 5]`.

As many threads as visitors ask for one face after the other, each ten times a second and no sooner than its last one is
there, as a dragged slider does. First each calls the decoder itself, then one thread takes whatever waits and decodes
it in one call. Prints faces a second and the wait of one visitor, for both.
"""

import queue
import sys
import threading
import time
from collections.abc import Callable

import numpy as np

from benchmarks.bundles import bundle_parser, load_editor

VISITORS = (1, 10, 50)
EVENTS = 10  # a second, of one visitor
MOST_TOGETHER = 32


class Batcher:
    """Decodes what several threads ask for in one call: as much as waits when the call before has ended.

    Args:
        decode: z (B, D) -> (B, S, S, 3).
    """

    def __init__(self, decode: Callable[[np.ndarray], np.ndarray]):
        self._decode, self._waiting = decode, queue.SimpleQueue()
        threading.Thread(target=self._work, daemon=True).start()

    def __call__(self, z: np.ndarray) -> np.ndarray:
        """z (1, D) -> (1, S, S, 3), from whatever thread."""
        done, answer = threading.Event(), []
        self._waiting.put((z, answer, done))
        done.wait()
        return answer[0]

    def _work(self) -> None:
        while True:
            asked = [self._waiting.get()]
            while len(asked) < MOST_TOGETHER and not self._waiting.empty():
                asked.append(self._waiting.get())
            faces = self._decode(np.concatenate([z for z, _, _ in asked]))
            for i, (_, answer, done) in enumerate(asked):
                answer.append(faces[i : i + 1])
                done.set()


def drag(decode: Callable[[np.ndarray], np.ndarray], latent_dim: int, visitors: int, seconds: float) -> list[float]:
    """Every wait of every visitor, in milliseconds."""
    waits, stop = [], time.perf_counter() + seconds

    def visit(seed: int) -> None:
        rng = np.random.default_rng(seed)
        time.sleep(rng.random() / EVENTS)  # not all at once
        while (start := time.perf_counter()) < stop:
            decode(rng.standard_normal((1, latent_dim)).astype(np.float32))
            waits.append(1000 * (time.perf_counter() - start))
            time.sleep(max(0.0, start + 1 / EVENTS - time.perf_counter()))

    threads = [threading.Thread(target=visit, args=(seed,)) for seed in range(visitors)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return waits


def main(argv: list[str] | None = None) -> int:
    """Print the table; returns the exit status."""
    parser = bundle_parser("batching", __doc__)
    parser.add_argument("--seconds", type=float, default=5.0, help="of each row (default %(default)s)")
    options = parser.parse_args(argv)
    if not options.seconds > 0:
        print("benchmarks.batching: --seconds must be above 0", file=sys.stderr)
        return 1
    bundle = load_editor("batching", options.bundle).bundle
    for size in range(1, MOST_TOGETHER + 1):  # each size is traced once
        bundle.decode(np.zeros((size, bundle.config.latent_dim), np.float32))
    print("| visitors | decoded | faces a second | p50, ms | p95, ms |\n|---|---|---|---|---|")
    together = Batcher(bundle.decode)
    for visitors in VISITORS:
        for name, decode in (("one by one", bundle.decode), ("together", together)):
            waits = drag(decode, bundle.config.latent_dim, visitors, options.seconds)
            p50, p95 = np.percentile(waits, [50, 95])
            print(f"| {visitors} | {name} | {len(waits) / options.seconds:.0f} | {p50:.1f} | {p95:.1f} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
