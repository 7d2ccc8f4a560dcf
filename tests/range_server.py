"""A server on the loopback address that serves one file by ranges, well and in other ways."""

import http.server
import re
import threading
import time
from contextlib import contextmanager

from imagery_diff.read import remote


class Server(http.server.ThreadingHTTPServer):
    """Serves one file by ranges, as ``mode`` says, over TLS if told; counts what it was asked and what it sent."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Answer)
        self.content, self.mode, self.fails, self.target = b"", "well", 0, ""
        self.asked, self.sent, self.connections = [], 0, 0
        self.tls, self.refuses = None, None

    @property
    def address(self):  # noqa: D102
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.server_port}"

    def handle_error(self, *_):
        """Clients of these tests hang up."""


class _Answer(http.server.BaseHTTPRequestHandler):
    def setup(self):
        self.server.connections += 1
        if self.server.tls:
            plain = self.request
            try:
                self.request = self.server.tls.wrap_socket(plain, server_side=True)
            except OSError:
                plain.close()
                raise
        super().setup()

    def finish(self):
        super().finish()
        if self.server.tls:
            self.request.close()

    def do_GET(self):
        server = self.server
        server.asked.append((self.path, dict(self.headers)))
        refused = server.refuses(self.path, self.headers) if server.refuses else None
        if refused:
            status, headers, body = refused
            self.send_response(status)
            for name, value in (headers | {"Content-Length": len(body)}).items():
                self.send_header(name, str(value))
            self.end_headers()
            self._trickle(body) if server.mode == "trickles" else self.wfile.write(body)
        elif server.mode == "redirect" and not self.path.startswith("/moved"):
            self.send_response(302)
            self.send_header("Location", server.target)
            self.end_headers()
        elif server.mode == "missing":
            self.send_error(404)
        elif server.mode == "fails" and server.fails > 0:
            server.fails -= 1
            self.send_error(503)
        elif server.mode == "stalls":
            time.sleep(3)
        elif server.mode == "trickles its head":
            self.wfile.write(b"HTTP/1.0 404 Not Found\r\nX: ")
            self._trickle(b"a" * 30 + b"\r\n\r\n")
        else:
            self._content()

    def _content(self):
        server, content = self.server, self.server.content
        asked = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range") or "")
        begin, end = (int(asked[1]), int(asked[2]) + 1) if asked else (0, len(content))
        body = content[begin:end]
        self.send_response(200 if server.mode == "no ranges" else 206)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Range", f"bytes {begin}-{begin + len(body) - 1}/{len(content)}")
        if server.mode == "changes":
            self.send_header("ETag", str(len(server.asked)))
        self.end_headers()
        if server.mode == "truncates" or (server.mode == "truncates later" and begin):
            body = body[: len(body) // 2]
        if server.mode == "trickles":
            self._trickle(body)
        self.wfile.write(body)
        server.sent += len(body)

    def _trickle(self, body):
        for byte in body:
            self.wfile.write(bytes([byte]))
            time.sleep(0.05)

    def log_message(self, *_):
        """Say nothing."""


@contextmanager
def serving(monkeypatch):
    """Run a server, with short waits, no proxy and nothing remembered."""
    monkeypatch.setattr(remote, "DELAYS_S", (0.01, 0.02, 0.03))
    monkeypatch.setattr(remote, "STALL_S", 0.3)
    monkeypatch.setattr(remote, "REQUEST_S", 0.5)
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    remote.remote.cache_clear()
    with Server() as found:
        threading.Thread(target=found.serve_forever, args=(0.02,), daemon=True).start()
        yield found
        found.shutdown()
    remote.remote.cache_clear()
