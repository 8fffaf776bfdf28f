"""A browser without a screen: keeps cookies, fills the form token in, follows redirects when told."""

import re
from dataclasses import dataclass
from typing import Any

from starlette.testclient import TestClient

_TOKEN = re.compile(r'name="form_token" value="([0-9a-f]+)"')
_WORD_JOINER = "\N{WORD JOINER}"


@dataclass
class Answer:
    """What came back; `text` without invisible joiners."""

    status: int
    text: str
    headers: dict[str, str]


class Browser:
    """One visitor."""

    def __init__(self, client: TestClient) -> None:
        self.client = client
        self._token = ""

    def get(self, path: str, **headers: str) -> Answer:
        return self._answer(self.client.get(path, headers=headers))

    def post(self, path: str, fields: dict[str, str] | None = None, **headers: str) -> Answer:
        """Submits a form with this visitor's token."""
        if not self._token:
            self.get("/sign-in")
        data = {"form_token": self._token, **(fields or {})}
        return self._answer(self.client.post(path, data=data, headers=headers))

    def open(self, link: str) -> Answer:
        """Signs in by a link and looks at the page it leads to."""
        self.get(link)
        opened = self.post(link)
        assert opened.status == 303, opened.text
        return self.get(opened.headers["location"])

    def _answer(self, response: Any) -> Answer:
        found = _TOKEN.search(response.text)
        if found:
            self._token = found.group(1)
        return Answer(response.status_code, response.text.replace(_WORD_JOINER, ""), dict(response.headers))
