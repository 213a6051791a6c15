"""Addresses of ours, and of others."""

from urllib.parse import urlsplit


def local_path(path: str) -> str:
    """The path if it leads to a page of ours, "/" for everything else (another host, a scheme, tricks with slashes)."""
    if not path.startswith("/") or path.startswith(("//", "/\\")) or "\\" in path or not path.isprintable():
        return "/"
    parts = urlsplit(path)
    return "/" if parts.scheme or parts.netloc or parts.path.startswith("//") else path


def origin_of(url: str) -> str:
    """https://practice.example.org, whatever follows it."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
