"""A member's page as a browser gets it: signed in by link, read, and followed live."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2

PAGE_WAIT_MAX_S = 20.0
_BALANCE = re.compile(r'data-points="(-?\d+)"')
_FORM_TOKEN = re.compile(r'name="form_token" value="([0-9a-f]+)"')


class WalletPageError(Exception):
    """The wallet did not show what a member's page shows."""


@asynccontextmanager
async def wallet_page(link: str) -> AsyncIterator["WalletPage"]:
    """Opens a signed link, as the tap on its button does, and keeps the session.

    Raises:
        WalletPageError: the link does not open the member's page.
        httpx2.HTTPError: the wallet does not answer.
    """
    async with httpx2.AsyncClient(trust_env=False, timeout=PAGE_WAIT_MAX_S, follow_redirects=True) as client:
        door = await client.get(link)
        token = _FORM_TOKEN.search(door.text)
        if not door.is_success or token is None:
            raise WalletPageError(f"the link into the wallet answers {door.status_code}")
        origin = f"{door.url.scheme}://{door.url.netloc.decode()}"
        opened = await client.post(link, data={"form_token": token[1]}, headers={"origin": origin})
        if not opened.is_success:
            raise WalletPageError(f"the wallet's door answers {opened.status_code}")
        yield WalletPage(client, origin)


class WalletPage:
    """One member's open page."""

    def __init__(self, client: httpx2.AsyncClient, origin: str) -> None:
        self._client = client
        self._origin = origin

    async def balance(self) -> int:
        """The points that the page shows as available.

        Raises:
            WalletPageError: it shows none.
        """
        page = await self._client.get(f"{self._origin}/")
        return _shown(page.text, page.status_code)

    async def balances(self) -> AsyncIterator[int]:
        """The points as they change on the page, the present ones first, for as long as someone listens."""
        timeout = httpx2.Timeout(PAGE_WAIT_MAX_S, read=None)
        async with self._client.stream("GET", f"{self._origin}/live", timeout=timeout) as stream:
            async for line in stream.aiter_lines():
                found = _BALANCE.search(line)
                if found is not None:
                    yield int(found[1])


def _shown(text: str, status: int) -> int:
    found = _BALANCE.search(text)
    if status != 200 or found is None:
        raise WalletPageError(f"the wallet's page answers {status} without a balance")
    return int(found[1])
