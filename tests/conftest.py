"""For all tests: no network, no chatter, and Hypothesis without a stopwatch."""

import ipaddress
import os
import socket

import pytest
from hypothesis import settings

# Before anything imports TensorFlow, Gradio or the Hub's client.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"

# The machine is shared and slow at times: how long one example takes says nothing.
settings.register_profile("facet", deadline=None)
settings.load_profile("facet")


@pytest.fixture(scope="session", autouse=True)
def only_this_machine():
    """Fail whatever connects to another machine; a server that a test started on this one may be asked."""
    connect = socket.socket.connect

    def guarded(self, address):
        if self.family in (socket.AF_INET, socket.AF_INET6) and not _is_here(address[0]):
            raise AssertionError(f"a test connected to {address}; tests use no network")
        return connect(self, address)

    socket.socket.connect = guarded
    yield
    socket.socket.connect = connect


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
