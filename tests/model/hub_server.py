"""A stand-in for the Hub's HTTP API on this machine."""

import base64
import hashlib
import json
import re
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from huggingface_hub import constants

TOKEN = "hf_for_tests"  # noqa: S105  (no token of anybody)


class Hub(BaseHTTPRequestHandler):
    """The few routes that creating, committing and downloading a repository use."""

    def log_message(self, *_):
        pass

    def answer(self, status, body=b"", **headers):
        body = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"Content-Length": len(body), **headers}.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_POST(self):
        hub, body = self.server, self.rfile.read(int(self.headers["Content-Length"]))
        hub.requests.append((self.command, self.path))
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            return self.answer(403, {"error": "no right to write"})
        if self.path == "/api/repos/create":
            wanted = json.loads(body)
            repo = f"{wanted['organization']}/{wanted['name']}"
            known = repo in hub.repositories
            new = {"visibility": wanted.get("visibility"), "refs": {"main": "0" * 40}, "commits": {}}
            hub.repositories.setdefault(repo, new)
            return self.answer(409 if known else 200, {"url": f"{hub.url}/{repo}"})
        if self.path == "/api/validate-yaml":
            return self.answer(200, {"errors": [], "warnings": []})
        route = re.fullmatch(r"/api/models/([^/]+/[^/]+)/(preupload|commit)/([^/?]+)", self.path)
        repo, action, revision = route.groups()
        if revision not in hub.repositories[repo]["refs"]:
            return self.answer(404, {}, X_Error_Code="RevisionNotFound")
        if action == "preupload":
            names = [file["path"] for file in json.loads(body)["files"]]
            files = [{"path": name, "uploadMode": "regular", "shouldIgnore": False} for name in names]
            return self.answer(200, {"files": files})
        lines = [json.loads(line) for line in body.splitlines()]
        files = {v["path"]: base64.b64decode(v["content"]) for v in (i["value"] for i in lines if i["key"] == "file")}
        sha = hub.commit(repo, files, revision)
        return self.answer(200, {"commitOid": sha, "commitUrl": f"{hub.url}/{repo}/commit/{sha}"})

    def do_GET(self):
        hub, path = self.server, self.path.split("?")[0]
        hub.requests.append((self.command, path))
        route = re.fullmatch(r"(?:/api/models)?/([^/]+/[^/]+)/(revision|tree|resolve)/([^/]+)/?(.*)", path)
        if route is None:
            return self.answer(404, {})
        repo, action, revision, name = route.groups()
        if repo not in hub.repositories:
            return self.answer(404, {}, X_Error_Code="RepoNotFound")
        sha = hub.repositories[repo]["refs"].get(revision, revision)
        if sha not in hub.repositories[repo]["commits"]:
            return self.answer(404, {}, X_Error_Code="RevisionNotFound")
        files = hub.repositories[repo]["commits"][sha]
        if action == "revision":
            return self.answer(200, {"id": repo, "sha": sha, "siblings": [], "tags": [], "private": False})
        if action == "tree":
            return self.answer(200, [{"type": "file", "path": name, "size": len(content), "oid": etag(content)}
                                     for name, content in files.items()])  # fmt: skip
        return self.answer(200, files[name], ETag=f'"{etag(files[name])}"', X_Repo_Commit=sha)

    do_HEAD = do_GET  # noqa: N815  (the name that http.server calls)


def etag(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:40]


class Server(ThreadingHTTPServer):
    def __init__(self):
        super().__init__(("127.0.0.1", 0), Hub)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.repositories, self.requests = {}, []

    def commit(self, repo, files, revision="main"):
        repository = self.repositories[repo]
        everything = {**repository["commits"].get(repository["refs"].get(revision), {}), **files}
        sha = etag(repr(sorted(everything.items())).encode())
        repository["commits"][sha] = everything
        repository["refs"][revision] = sha
        return sha


def connect(monkeypatch, url: str) -> None:
    """What the environment variable HF_ENDPOINT does before the library is imported."""
    template = constants.HUGGINGFACE_CO_URL_TEMPLATE.removeprefix(constants.ENDPOINT)
    monkeypatch.setattr(constants, "ENDPOINT", url)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", url + template)
