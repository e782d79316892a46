"""What the server answers: the page, a health check, crawlers, errors; and the headers on all of it."""

from __future__ import annotations

import base64
import hashlib
import re
from http.client import responses
from typing import Any

from jupyter_server.auth.identity import IdentityProvider, User
from jupyter_server.services.kernels.handlers import KernelHandler
from tornado.web import HTTPError, RequestHandler
from voila.request_info_handler import RequestInfoSocketHandler
from voila.shutdown_kernel_handler import VoilaShutdownKernelHandler
from voila.static_file_handler import TemplateStaticFileHandler
from voila.tornado.handler import TornadoVoilaHandler
from voila.tornado.kernel_websocket_handler import VoilaKernelWebsocketHandler

from ldnevidence.app.state import LONGEST_QUERY

ROBOTS = "User-agent: *\nDisallow: /\n"  # every page here starts a kernel; the static edition is for crawlers
RETRY_AFTER = 30  # seconds
MOST_PARTS = 64  # parts of one binary message: five, and its buffers
LARGEST_MESSAGE = 256 * 1024  # bytes of one websocket message from a reader; ours stay under 10 kB
BUSY = """<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>LDN evidence explorer: busy</title>
<meta name="viewport" content="width=device-width, initial-scale=1"></head><body><main><h1>Too many readers at once</h1>
<p>All places are taken. Please reload this page in half a minute. The address keeps your view.</p>
<p>Education, not medical advice.</p></main></body></html>"""


def security_headers(scripts: list[str], frame_ancestors: str) -> dict[str, str]:
    """Return the headers that stand on every answer.

    Parameters
    ----------
    scripts : list of str
        The texts of the scripts that stand in the page itself; no other inline script may run.
    frame_ancestors : str
        Who may show the page in a frame, as in the directive of that name: ``'self'``, ``'none'`` or addresses.
    """
    hashes = sorted({f"'sha256-{_sha256(text)}'" for text in scripts})
    policy = {
        "default-src": "'self'",
        "script-src": " ".join(["'self'", *hashes]),
        "style-src": "'self' 'unsafe-inline'",  # widgets and charts set styles on their elements
        "img-src": "'self' data: blob:",  # blob: the chart saved as a picture
        "font-src": "'self' data:",
        "connect-src": "'self'",
        "object-src": "'none'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": frame_ancestors,
    }
    return {
        "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "strict-origin-when-cross-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
        "Cross-Origin-Opener-Policy": "same-origin",
    }


def _sha256(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")


def inline_scripts(page: str) -> list[str]:
    """Return the texts of a page's inline scripts; scripts with a source, and data, are left out.

    >>> inline_scripts("<script>a()</script><script src='b.js'></script><script type='application/json'>{}</script>")
    ['a()']
    """
    found = re.findall(r"<script([^>]*)>(.*?)</script>", page, flags=re.DOTALL | re.IGNORECASE)
    return [text for attributes, text in found if "src=" not in attributes and "json" not in attributes]


def frame_ancestors(text: str) -> str:
    """Check who may frame the page.

    Raises
    ------
    ValueError
        Where the text is no list of ``'self'``, ``'none'`` and http(s) addresses.

    Examples
    --------
    >>> frame_ancestors("self https://school.example")
    "'self' https://school.example"
    """
    words = []
    for word in text.split():
        bare = word.strip("'")
        if bare in ("self", "none"):
            words.append(f"'{bare}'")
        elif re.fullmatch(r"https?://[\w*.:-]+", word):
            words.append(word)
        else:
            raise ValueError(
                f"{word!r} cannot frame the page; allowed are self, none and addresses like https://school.example"
            )
    if not words or ("'none'" in words and len(words) > 1):
        raise ValueError(
            "name who may frame the page: self, none (alone), or addresses like https://school.example"
        )
    return " ".join(words)


class Secured:
    """Headers of every answer, and errors of one plain line: no cookie, no name of the software."""

    def set_default_headers(self) -> None:
        """Set the security headers; other defaults stay."""
        super().set_default_headers()  # type: ignore[misc]
        for name, value in self.settings["security_headers"].items():  # type: ignore[attr-defined]
            self.set_header(name, value)  # type: ignore[attr-defined]
        self.clear_header("Server")  # type: ignore[attr-defined]

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Answer with status and name alone."""
        self.set_header("Content-Type", "text/plain; charset=utf-8")  # type: ignore[attr-defined]
        self.finish(f"{status_code} {responses.get(status_code, 'Error')}\n")  # type: ignore[attr-defined]

    def get_login_url(self) -> str:
        """There is no login; whoever is not allowed gets an error."""
        raise HTTPError(403)


def secured(handler: type) -> type:
    """Return a handler class whose answers carry the security headers."""
    return type(handler.__name__, (Secured, handler), {})


class Reader(IdentityProvider):
    """Everyone is the same reader: no login, no cookie."""

    def get_user(self, handler: Any) -> User:
        """Return the one user that there is."""
        return User("reader")

    def get_handlers(self) -> list[tuple[str, object]]:
        """Return no handler for login or logout."""
        return []

    @property
    def auth_enabled(self) -> bool:
        """Tell that nobody logs in."""
        return False


class Page(TornadoVoilaHandler):
    """The dashboard. Only a GET of the page itself, with a sane query, starts or takes a kernel."""

    def get_argument(self, name: str, *args: Any, **kwargs: Any) -> Any:
        """Ignore a template or theme asked for in the address: it would bypass the preheated kernels."""
        return None if name in ("template", "theme") else super().get_argument(name, *args, **kwargs)

    def head(self, path: str = "") -> None:
        """Answer without starting a kernel."""
        self._refuse_nonsense(path)
        self.set_header("Content-Type", "text/html")
        self.finish()

    async def get(self, path: str = "") -> None:
        """Send the page, or say that all places are taken."""
        self._refuse_nonsense(path)
        if self.kernel_manager.full():
            self.set_status(503)
            self.set_header("Retry-After", str(RETRY_AFTER))
            self.finish(BUSY)
            return
        self.kernel_manager.coming += 1
        try:
            await super().get("")
        finally:
            self.kernel_manager.coming -= 1

    def _refuse_nonsense(self, path: str) -> None:
        if path:
            raise HTTPError(404)
        if len(self.request.query) > LONGEST_QUERY:
            raise HTTPError(414)


class Health(RequestHandler):
    """Says that the server answers; starts no kernel."""

    def get(self) -> None:
        """Return how many readers there are, and how many kernels wait for one."""
        kernels = self.settings["kernel_manager"]
        self.set_header("Cache-Control", "no-store")
        self.finish({"status": "ok", "readers": kernels.visitors(), "waiting": len(kernels.pooled())})

    def head(self) -> None:
        """Answer without a body."""
        self.finish()


class Robots(RequestHandler):
    """Keeps crawlers from starting kernels."""

    def get(self) -> None:
        """Return robots.txt."""
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        self.finish(ROBOTS)


class NotFound(Secured, RequestHandler):
    """Everything else."""

    def prepare(self) -> None:
        """Answer 404, whatever the method."""
        raise HTTPError(404)


class KernelState(KernelHandler):
    """A kernel's state, which the front end asks for; kernels end by the page's own farewell alone."""

    def delete(self, kernel_id: str) -> None:
        """Refuse."""
        raise HTTPError(405)


class Farewell(VoilaShutdownKernelHandler):
    """A page that is being closed ends its kernel."""

    def check_xsrf_cookie(self) -> None:
        """Ask for no cookie: readers have none, and the kernel's random name is what only its page knows."""

    async def post(self, kernel_id: str) -> None:
        """End the kernel, if there is one of that name."""
        if kernel_id not in self.kernel_manager:
            raise HTTPError(404)
        await super().post(kernel_id)


def check_binary(message: bytes) -> None:
    """Check the table of offsets that a binary message starts with.

    The library's parser believes the number of offsets that the message claims, and a false one of some millions
    would keep the server busy for minutes.

    Raises
    ------
    ValueError
        Where the offsets do not fit the message.
    """
    count = int.from_bytes(message[:8], "little")
    if not 6 <= count <= MOST_PARTS or len(message) < 8 * (count + 1):
        raise ValueError("the message claims an impossible number of parts")
    offsets = [int.from_bytes(message[8 * i : 8 * (i + 1)], "little") for i in range(1, count + 1)]
    if offsets != sorted(offsets) or offsets[0] != 8 * (count + 1) or offsets[-1] > len(message):
        raise ValueError("the offsets do not fit the message")


class Channels(VoilaKernelWebsocketHandler):
    """The websocket between a page and its kernel."""

    def on_message(self, message: Any) -> None:
        """Hand a message on; one that cannot be read closes its own connection and nothing else."""
        try:
            if isinstance(message, bytes):
                check_binary(message)
            super().on_message(message)
        except Exception as error:
            self.log.warning("A websocket message could not be read: %s", type(error).__name__)
            self.close(1007, "message not understood")


class Query(RequestInfoSocketHandler):
    """Tells a preheated kernel its visitor's address. For kernels on this machine, never for browsers."""

    def prepare(self) -> None:
        """Refuse whatever came through a browser or a proxy."""
        if any(name in self.request.headers for name in ("Origin", "X-Forwarded-For", "X-Real-IP")):
            raise HTTPError(403)

    def open(self, kernel_id: str) -> None:
        """Hand over what is known, and forget it."""
        super().open(kernel_id)
        self._cache.pop(kernel_id, None)


class TemplateFiles(TemplateStaticFileHandler):
    """Static files of the page's own templates."""

    def parse_url_path(self, path: str) -> str:
        """Refuse every address that is no file of a known template."""
        if not re.fullmatch(r"(?:ldn|lab|base)/static/[\w./-]+", path) or ".." in path:
            raise HTTPError(404)
        parsed: str = super().parse_url_path(path)
        return parsed


def handler_table(handlers: list[Any], base_url: str) -> list[Any]:
    """Return Voila's handlers with ours in the places of theirs, all of them with the security headers.

    Parameters
    ----------
    handlers : list of tuple
        As Voila makes them: pattern, class and, sometimes, arguments.
    base_url : str
        Address under which the server lies, with slashes at both ends.
    """
    ours = {
        "TornadoVoilaHandler": Page,
        "KernelHandler": KernelState,
        "VoilaShutdownKernelHandler": Farewell,
        "VoilaKernelWebsocketHandler": Channels,
        "RequestInfoSocketHandler": Query,
        "TemplateStaticFileHandler": TemplateFiles,
    }
    dropped = {"AllowListFileHandler"}  # nothing of the notebooks' folder is served
    kept = [
        (rule[0], secured(ours.get(rule[1].__name__, rule[1])), *rule[2:])
        for rule in handlers
        if rule[1].__name__ not in dropped
    ]
    first = [(base_url + "health", secured(Health)), (base_url + "robots.txt", secured(Robots))]
    return [*first, *kept]
