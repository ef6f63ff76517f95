"""Bundles to and from the Hugging Face Hub: `python -m model.hub push|pull`, and hf://owner/name[@revision] anywhere.

Token, cache folder and another server than huggingface.co come from the Hub library's own settings (`hf auth login`,
HF_TOKEN, HF_HOME, HF_ENDPOINT).
"""

import argparse
import contextlib
import os
import sys
from pathlib import Path

import httpx2
from huggingface_hub import CommitOperationAdd, HfApi
from huggingface_hub.errors import (
    EntryNotFoundError,
    HfHubHTTPError,
    HfUriError,
    HFValidationError,
    LocalTokenNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.utils import parse_hf_uri

from model.folder import CONFIG, FILES, BundleError, read_folder, write_folder

PREFIX = "hf://"


def parse_address(address: str) -> tuple[str, str | None]:
    """hf://owner/name[@revision], or the same without hf://, -> owner/name and the revision or None.

    Raises:
        BundleError: anything else, a data set, a Space or a file in a repository included.
    """
    text = str(address)
    try:
        uri = parse_hf_uri(text if text.startswith(PREFIX) else PREFIX + text)
    except (HfUriError, HFValidationError) as error:
        reason = getattr(error, "msg", str(error))
        raise BundleError(f"{text!r} is not hf://owner/name or hf://owner/name@revision: {reason}") from None
    if uri.type != "model" or uri.path_in_repo:
        raise BundleError(f"{text!r} is not a model's repository: write hf://owner/name or hf://owner/name@revision")
    return uri.id, uri.revision


@contextlib.contextmanager
def _explained(repo_id: str, revision: str | None = None):
    """Turn what the Hub's client raises into one sentence."""
    try:
        yield
    except RevisionNotFoundError:
        raise BundleError(f"{repo_id} on the Hub has no revision {revision!r}: give a branch, tag or commit") from None
    except RepositoryNotFoundError:
        raise BundleError(
            f"the Hub has no model {repo_id}, or it is private or gated: check the name, or log in with `hf auth login`"
        ) from None
    except LocalTokenNotFoundError:
        raise BundleError("not logged in to the Hub: run `hf auth login` with a token that may write") from None
    except HfHubHTTPError as error:
        status = error.response.status_code
        if status in (401, 403):
            reason = "it does not let you: run `hf auth login` with a token that may write there"
        else:
            reason = f"it answered with status {status}; try again later"
        raise BundleError(f"the Hub refused {repo_id}: {reason}") from None
    except ValueError as error:  # of the library's own checks, of a name or of the model card
        raise BundleError(f"the Hub does not take {repo_id}: {' '.join(str(error).split())}") from None
    except (EntryNotFoundError, httpx2.HTTPError, OSError):  # with nothing of it in the cache either
        raise BundleError(f"cannot reach the Hub for {repo_id}, and there is no copy of it in the cache") from None


def fetch(address: str) -> Path:
    """Download a bundle into the Hub's cache, or find it there when the Hub can't be reached.

    Only a bundle's own files are taken, whatever else the repository holds; the caller verifies them.

    Args:
        address: hf://owner/name[@revision].
    Returns:
        The folder in the cache.
    Raises:
        BundleError: a wrong name, a missing revision, no connection.
    """
    repo_id, revision = parse_address(address)
    with _explained(repo_id, revision or "main"):
        return Path(HfApi().snapshot_download(repo_id, revision=revision, allow_patterns=[CONFIG, *FILES]))


def push(path: str | os.PathLike, address: str, private: bool = False) -> str:
    """Upload a bundle, verified first, to a model repository that is made if need be: all of it in one commit.

    Args:
        path: the bundle's folder; only the files of the bundle leave it.
        address: owner/name[@branch].
        private: whether a new repository is.
    Returns:
        The address of the commit.
    Raises:
        BundleError: a bundle that is not whole, a wrong name, no right to write, no connection.
    """
    repo_id, revision = parse_address(address)
    short_hash = read_folder(path)[2]
    with _explained(repo_id, revision):
        api = HfApi()
        api.create_repo(repo_id, private=private, exist_ok=True)
        # Not upload_folder, which may split an upload into several commits: no revision may hold half a bundle.
        additions = [CommitOperationAdd(name, Path(path) / name) for name in (CONFIG, *FILES)]
        commit = api.create_commit(repo_id, additions, commit_message=f"Facet bundle {short_hash}", revision=revision)
    return str(commit.commit_url)


def pull(address: str, path: str | os.PathLike) -> str:
    """Download a bundle into a folder, in place of a bundle there, once it is verified.

    Returns:
        Its short hash.
    Raises:
        BundleError: see `fetch`; a bundle that fails a check, of which nothing is then written.
    """
    document, files, short_hash = read_folder(fetch(address))
    write_folder(path, files, {k: v for k, v in document.items() if k not in ("format", "files", "checksum")})
    return short_hash


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m model.hub", description="Bundles to and from the Hub.")
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("push", help="upload a bundle")
    command.add_argument("address", help="owner/name or owner/name@branch")
    command.add_argument("--bundle", default="checkpoints/default", help="its folder (%(default)s)")
    command.add_argument("--private", action="store_true", help="if the repository is new, only you see it")
    command = commands.add_parser("pull", help="download a bundle")
    command.add_argument("address", help="owner/name, owner/name@revision, or the same after hf://")
    command.add_argument("--out", help="its folder (checkpoints/NAME)")
    options = parser.parse_args(arguments)
    try:
        if options.command == "push":
            print(f"pushed {options.bundle}: {push(options.bundle, options.address, options.private)}")
        else:
            out = options.out or Path("checkpoints") / parse_address(options.address)[0].split("/")[1]
            print(f"pulled {options.address} to {out}: bundle {pull(options.address, out)}")
    except BundleError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
