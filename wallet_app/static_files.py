"""Serves the files in static/ from memory: named by their content, compressed once, cached for ever."""

import gzip
import hashlib
from dataclasses import dataclass
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

DIRECTORY = Path(__file__).parent / "static"
FILES_MAX = 100
COMPRESSIBLE = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
}
CONTENT_TYPES = {**COMPRESSIBLE, ".wasm": "application/wasm", ".png": "image/png"}
FOR_EVER = "public, max-age=31536000, immutable"
SHORTLY = "public, max-age=300"


@dataclass(frozen=True)
class StaticFile:
    content: bytes
    compressed: bytes | None
    content_type: str
    version: str


class StaticFiles:
    """All static files, read once when the app is made."""

    def __init__(self, directory: Path = DIRECTORY) -> None:
        paths = sorted(path for path in directory.rglob("*") if path.suffix in CONTENT_TYPES)
        assert len(paths) <= FILES_MAX
        self._files = {path.relative_to(directory).as_posix(): _load(path) for path in paths}

    def url(self, name: str) -> str:
        """Address of a file, which changes with its content."""
        return f"/static/{name}?v={self._files[name].version}"

    def has(self, name: str) -> bool:
        """Whether the file is there (some large ones are optional)."""
        return name in self._files

    def respond(self, request: Request, name: str) -> Response:
        """The file, or 404."""
        file = self._files.get(name)
        if file is None:
            return Response(status_code=404)
        headers = {
            "Cache-Control": FOR_EVER if request.query_params.get("v") == file.version else SHORTLY,
            "ETag": f'"{file.version}"',
            "Vary": "Accept-Encoding",
        }
        if request.headers.get("if-none-match") == headers["ETag"]:
            return Response(status_code=304, headers=headers)
        if file.compressed is not None and "gzip" in request.headers.get("accept-encoding", ""):
            return Response(
                file.compressed, media_type=file.content_type, headers={**headers, "Content-Encoding": "gzip"}
            )
        return Response(file.content, media_type=file.content_type, headers=headers)


def _load(path: Path) -> StaticFile:
    content = path.read_bytes()
    return StaticFile(
        content=content,
        compressed=gzip.compress(content, 9, mtime=0) if path.suffix in COMPRESSIBLE else None,
        content_type=CONTENT_TYPES[path.suffix],
        version=hashlib.sha256(content).hexdigest()[:16],
    )
