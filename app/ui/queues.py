"""The queues of the page's slow work: events of one queue wait for each other, and are told their place.

Gradio answers everything, sliders and style sheets too, with THREADS threads, and gives each handler a queue of its own
unless told otherwise: then a crowd at the drawn faces alone takes them all, and a slider waits until somebody is done.
So the handlers share few queues, which run on less than half of the threads. What is past the queue (`queue=False`)
has the others.
"""

THREADS = 40  # Gradio's own number
WAITING = 40  # people in all queues together; the next is told to come back


def _queue(name: str, at_once: int) -> dict:
    return {"concurrency_id": name, "concurrency_limit": at_once}


PHOTOS = _queue("photos", 4)  # a photo is searched for faces and opened: a second or two
FACES = _queue("faces", 4)  # a drawn face, a link or a recipe is opened
GALLERIES = _queue("galleries", 2)
DOWNLOADS = _queue("downloads", 2)
ANIMATIONS = _queue("animations", 1)  # some seconds, and the memory of hundreds of frames
CALLS = _queue("calls", 2)  # of the HTTP endpoints
CALLED_ANIMATIONS = _queue("called animations", 1)
