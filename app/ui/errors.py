"""What can go wrong, as a person reads it: the only place that turns errors into the page's messages."""

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
    if isinstance(error, EXPECTED) and str(error):
        return str(error)
    logger.error("unexpected error in the page", exc_info=error)
    return UNEXPECTED


def as_message(error: Exception) -> gr.Error:
    """The error as the page shows it. Gradio renders messages as HTML, and ours repeat what people sent: escape it."""
    return gr.Error(escape(sentence(error), quote=False), print_exception=False)


def shown(function: Callable) -> Callable:
    """The handler, whose errors reach the person as a message of the page, and an HTTP caller as an error's text."""
    if inspect.isgeneratorfunction(function):
        @functools.wraps(function)
        def steps(*args, **kwargs):
            try:
                yield from function(*args, **kwargs)
            except gr.Error:
                raise
            except Exception as error:
                raise as_message(error) from error

        return steps

    @functools.wraps(function)
    def handler(*args, **kwargs):
        try:
            return function(*args, **kwargs)
        except gr.Error:
            raise
        except Exception as error:
            raise as_message(error) from error

    return handler
