"""A hub on this machine: what huggingface_hub asks a server for, and nothing more."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

COMMIT = "0123456789abcdef0123456789abcdef01234567"
NAME = "acme/tiny"


class FakeHub:
    """Serves one repository, NAME, with the files of a folder. `requests` are (method, path, headers) of all that came.

    A repository "acme/403" is refused with that status. cut: so many bytes of a file are sent of all that were promised. elsewhere:
    the address of a server that weights are to be had from, as the hub's own stand elsewhere.
    """

    def __init__(self, folder: Path) -> None:
        self.files = {path.name: path.read_bytes() for path in folder.iterdir()}
        self.files |= {"README.md": b"# Tiny", ".gitattributes": b"", "other.bin": b"of another program"}
        self.cut: int | None = None
        self.elsewhere: str | None = None
        self.requests: list[tuple[str, str, dict[str, str]]] = []
        hub = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: object) -> None:
                pass

            def do_GET(self) -> None:
                hub._answer(self, True)

            def do_HEAD(self) -> None:
                hub._answer(self, False)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _answer(self, handler: BaseHTTPRequestHandler, with_body: bool) -> None:
        path = unquote(urlsplit(handler.path).path)
        headers = {name.lower(): value for name, value in handler.headers.items()}
        self.requests.append((handler.command, path, headers))
        status, told, body = self._found(path)
        handler.send_response(status)
        for name, value in told.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        if with_body:
            handler.wfile.write(body if self.cut is None or "/resolve/" not in path else body[: self.cut])

    def _found(self, path: str) -> tuple[int, dict[str, str], bytes]:
        about = f"/api/models/{NAME}"
        if path in (about, f"{about}/revision/main", f"{about}/revision/{COMMIT}"):
            siblings = [{"rfilename": name} for name in self.files]
            return 200, {}, json.dumps({"id": NAME, "modelId": NAME, "sha": COMMIT, "siblings": siblings}).encode()
        if path.startswith(f"{about}/tree/"):
            tree = [
                {"type": "file", "path": name, "size": len(text), "oid": _etag(text)}
                for name, text in self.files.items()
            ]
            return 200, {}, json.dumps(tree).encode()
        refused = re.match(r"/api/models/acme/(\d{3})/", path)
        if refused:
            return int(refused[1]), {}, b""
        begin = f"/{NAME}/resolve/{COMMIT}/"
        text = self.files.get(path.removeprefix(begin)) if path.startswith(begin) else None
        if text is None:
            return 404, {"X-Error-Code": "RepoNotFound" if path.startswith("/api/models") else "EntryNotFound"}, b""
        if self.elsewhere is not None and path.endswith(".safetensors"):
            told = {"Location": self.elsewhere + path, "X-Linked-ETag": f'"{_etag(text)}"', "X-Linked-Size": str(len(text))}
            return 302, {**told, "X-Repo-Commit": COMMIT}, b""
        return 200, {"ETag": f'"{_etag(text)}"', "X-Repo-Commit": COMMIT}, text


def _etag(text: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(text) + text).hexdigest()
