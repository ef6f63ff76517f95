"""How the page holds up under visitors: `python -m benchmarks.load --bundle DIR [--visitors 1 10 50]`, `make load`.

Starts the server and drives it over the browser's own protocol. Every visitor edits a drawn face of their own, moves
sliders ten times a second as the page does (while a tick is under way newer positions wait, and only the newest of
them is sent), rests after every drag until the receipt came, and now and then makes a morph. Then: does every picture
show the visitor's own face at the position that was asked, and did every drag end at its last position? Does the
queue tell a place, take a cancel, and refuse with a sentence once it is full? Does memory stay flat?

The visitors run on the machine that they measure, and take some of its time.
"""

import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import combinations

import numpy as np
import psutil

from benchmarks.bundles import bundle_parser, load_editor
from benchmarks.protocol import PageServer, ProtocolError, RefusedError, Session
from benchmarks.server import running_server
from benchmarks.visitors import MORPH_FRAMES, Answer, Record, visit_together

VISITORS = (1, 10, 50)
SECONDS = 20.0  # of each row
MEMORY_MINUTES, MEMORY_VISITORS = 10.0, 10
SETTLED_MINUTES = 2.0  # from when on memory must stay flat
MOST_GROWTH = 0.05  # issue 6: of memory, between minute 2 and minute 10
SAMPLE_SECONDS = 5.0
MOST_WAITING = 100  # morphs: far more than any queue that a person would wait in
LONG_MORPH = 60  # frames: long enough that the queue fills behind it
# Mean difference in levels of 255 between two JPEGs of one picture: a decoder's last bits may round differently.
SAME_PICTURE = 1.0


def main() -> int:
    """Print the tables; 1 if something was shown that should not have been, or was lost. Who is refused is counted."""
    parser = bundle_parser("load", __doc__)
    parser.add_argument("--visitors", type=int, nargs="+", default=VISITORS, help="at once, one row each")
    parser.add_argument("--seconds", type=float, default=SECONDS, help=f"of each row (default {SECONDS:g})")
    parser.add_argument("--minutes", type=float, default=MEMORY_MINUTES,
                        help=f"of the memory run with {MEMORY_VISITORS} visitors; 0 leaves it out (default "
                        f"{MEMORY_MINUTES:g})")
    options = parser.parse_args()
    editor = load_editor("load", options.bundle)
    with running_server(options.bundle) as (address, _):
        (process,) = psutil.Process().children()  # the server
        page = PageServer(address)
        start = memory_mb(process)
        records = {}
        for count in options.visitors:
            print(f"{count} visitors, {options.seconds:g} s ...", file=sys.stderr)
            records[count] = visit_together(page, count, options.seconds)
        queue = flood(page)
        if options.minutes:
            print(f"memory, {options.minutes:g} min ...", file=sys.stderr)
            samples = memory_run(page, process, options.minutes)
        end = memory_mb(process)
        page.close()
    print_table(records)
    faults = [fault for record in records.values() for fault in check(record.answers, editor)] + queue
    failures = [f"{number} times: {error}" for record in records.values() for error, number in record.errors.items()]
    print(f"\nmemory: {start:.0f} MB before the first visitor, {end:.0f} MB at the end")
    if options.minutes:
        print_memory(samples)
    print_faults(faults, failures)
    return 1 if faults or failures else 0


def check(answers: Sequence[Answer], editor) -> list[str]:
    """What is wrong with the pictures: one sentence each. Every answer is read, and the kept pictures compared."""
    faults, faces = [], {}
    for answer in answers:
        asked = answer.asked.replace(bundle=editor.bundle.hash)
        if answer.shown != asked:
            faults.append(f"the face of seed {asked.seed} was asked for {asked.to_query()}, shown was "
                          f"{answer.shown.to_query()}")
        if answer.picture is None:
            continue
        if asked.seed not in faces:
            faces[asked.seed] = editor.open_drawn(asked)
        difference = answer.difference(editor.preview(faces[asked.seed], asked))
        if difference > SAME_PICTURE:
            faults.append(f"the picture of seed {asked.seed} at {asked.to_query()} is {difference:.1f} levels off")
    # The comparison says nothing if two visitors' faces look alike.
    for a, b in combinations(faces.values(), 2):
        difference = 255 * np.abs(a.reconstruction - b.reconstruction).mean()
        if difference <= SAME_PICTURE:
            faults.append(f"two visitors' faces differ by {difference:.1f} levels only, too little to tell them apart")
    return faults


def flood(page: PageServer) -> list[str]:
    """Fill the queue with morphs, and say what is wrong with how it takes that."""
    morph, short = (("morph-run", "click", {"morph-frames": frames}) for frames in (LONG_MORPH, MORPH_FRAMES))
    waiting, refusal, faults = [], None, []
    while not refusal and len(waiting) < MOST_WAITING:
        session = Session(page)
        try:
            waiting.append((session, session.join(*morph)))
        except ProtocolError as error:
            refusal = error
    if not isinstance(refusal, RefusedError):
        faults.append(f"{len(waiting)} morphs were let into the queue, and then: {refusal or 'no refusal'}")
    if not waiting:
        return faults
    session, joined = waiting[-1]
    messages = session.messages()
    first = next(messages)
    if first["msg"] != "estimation" or not first["rank"]:
        faults.append(f"a waiting morph was not told its place, but {first}")
    session.cancel(joined)
    if not any(message["msg"] == "process_completed" for message in messages):
        faults.append("a cancelled morph was not told that it is over")
    with ThreadPoolExecutor(len(waiting)) as pool:  # at once: Gradio takes a second over each
        list(pool.map(lambda one: one[0].cancel(one[1]), waiting[:-1]))
    try:
        Session(page).queued(*short)  # the next one gets through
    except ProtocolError as error:
        faults.append(f"after a full queue was cancelled, a morph failed: {error}")
    return faults


def memory_mb(process: psutil.Process) -> float:
    return process.memory_info().rss / 1e6


def memory_run(page: PageServer, process: psutil.Process, minutes: float) -> list[tuple[float, float]]:
    """(minutes, MB) while visitors drag and morph."""
    samples, start = [], time.monotonic()

    def sample() -> None:
        samples.append(((time.monotonic() - start) / 60, memory_mb(process)))

    visit_together(page, MEMORY_VISITORS, 60 * minutes, every=(SAMPLE_SECONDS, sample), keep=False)
    sample()
    return samples


def print_table(records: dict[int, Record]) -> None:
    """One row a number of visitors."""
    print("ms | a tick is one request, from the slider's event to its answer; the last position also waited for the "
          "tick before it | refused: were told that there are too many; left: never got their face\n\n"
          "| visitors | events/s | ticks/s | p50 | p95 | p99 | last position, p50 | p95 | receipt, p50 | morphs | "
          "morph, p50 | errors | refused | left |\n|" + 14 * "---|")
    for count, record in records.items():
        ticks, last, rests, morphs = (1000 * np.array(times or [np.nan]) for times in (
            record.ticks, record.last, record.rests, record.morphs))
        cells = [record.events / record.seconds, len(record.ticks) / record.seconds,
                 *np.percentile(ticks, (50, 95, 99)), *np.percentile(last, (50, 95)), np.median(rests)]
        print(f"| {count} | {' | '.join(f'{cell:.0f}' for cell in cells)} | {len(record.morphs)} | "
              f"{np.median(morphs):.0f} | {sum(record.errors.values())} | {record.refused} | {record.left} |")


def print_faults(faults: Sequence[str], failures: Sequence[str]) -> None:
    """Wrong pictures and a wrong queue, and apart from them what got no answer; or that there were none."""
    for word, found in (("WRONG", faults), ("FAILED", failures)):
        for one in found:
            print(f"{word}: {one}")
    if not faults and not failures:
        print("Every picture was the visitor's own, every drag ended at its last position, and the queue keeps order.")


def print_memory(samples: Sequence[tuple[float, float]]) -> None:
    """Memory at the start, when it should have settled, and at the end."""
    minutes, megabytes = np.array(samples).T
    settled = int(np.argmax(minutes >= min(SETTLED_MINUTES, minutes[-1])))
    growth = megabytes[-1] / megabytes[settled] - 1
    print(f"{MEMORY_VISITORS} visitors: {megabytes[0]:.0f} MB at the start, {megabytes[settled]:.0f} MB after "
          f"{minutes[settled]:.1f} min, {megabytes[-1]:.0f} MB after {minutes[-1]:.1f} min: {growth:+.1%}, "
          f"{'flat' if growth < MOST_GROWTH else 'NOT flat'}")


if __name__ == "__main__":
    sys.exit(main())
