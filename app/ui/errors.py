"""What can go wrong, as a person reads it: the only place that turns errors into messages.

Three ways, because Gradio has three: a queued handler of the page warns and leaves everything as it was (an error
raised there would cover every output with the word "Error"); an unqueued one can reach the person through its outputs
only (`sentence`); an HTTP endpoint raises.
"""

import functools
import inspect
import logging
from collections.abc import Callable
from html import escape

import gradio as gr

from app.slots import BusyError
from app.ui.text import GONE, UNEXPECTED

logger = logging.getLogger("facet")
EXPECTED = (ValueError, BusyError)  # PhotoError, FaceError, RecipeError ...: one sentence each, written for people


def sentence(error: Exception) -> str:
    """The message for a person. Of an unexpected error only the log keeps the details: they may name server paths."""
    if isinstance(error, FileNotFoundError):
        return GONE
    # Ours end as sentences do; what Python and its libraries say, with the same ValueError, is for programmers.
    if isinstance(error, EXPECTED) and str(error).endswith((".", "?")):
        return str(error)
    logger.error("unexpected error in the page", exc_info=error)
    return UNEXPECTED


def warned(handler: Callable, otherwise=None) -> Callable:
    """A queued handler of the page whose errors become a passing message.

    otherwise: what it returns then; its outputs stay as they are if that is None.
    """
    if inspect.isgeneratorfunction(handler):
        @functools.wraps(handler)
        def steps(*args, **kwargs):
            try:
                yield from handler(*args, **kwargs)
            except Exception as error:
                yield _warn(error, otherwise)

        return steps

    @functools.wraps(handler)
    def call(*args, **kwargs):
        try:
            return handler(*args, **kwargs)
        except Exception as error:
            return _warn(error, otherwise)

    return call


def answered(endpoint: Callable) -> Callable:
    """An HTTP endpoint whose errors reach the caller as their sentence."""
    @functools.wraps(endpoint)
    def call(*args, **kwargs):
        try:
            return endpoint(*args, **kwargs)
        except Exception as error:
            raise gr.Error(_markup(error), print_exception=False) from error

    return call


def _warn(error: Exception, otherwise):
    gr.Warning(_markup(error))
    return gr.skip() if otherwise is None else otherwise


def _markup(error: Exception) -> str:
    """Gradio renders messages as HTML, and ours repeat what people sent: escape it."""
    return escape(sentence(error), quote=False)
