"""One request of one browser: who it is, its language, its form token, and how it is answered."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request
from starlette.datastructures import FormData
from starlette.responses import HTMLResponse, RedirectResponse, Response

from wallet_app.catalogues import LANGUAGES, NATIVE_NAMES, Catalogue, choose_language
from wallet_app.errors import NotSignedInError, RequestForgedError
from wallet_app.formatting import Formatter
from wallet_app.gateway import MemberId, Program
from wallet_app.store.sessions import Session, SessionKind, find_session
from wallet_app.wallet import Till, Wallet

SESSION_COOKIE = "wallet_session"
VISITOR_COOKIE = "wallet_visitor"
LANGUAGE_COOKIE = "wallet_language"
YEAR_S = 365 * 86_400
FORM_FIELDS_MAX = 20
FORM_PART_BYTES_MAX = 32_768
SAME_SITE_FETCHES = {"same-origin", "none"}


@dataclass(frozen=True)
class Visit:
    """What is known about a request before its view runs."""

    wallet: Wallet
    request: Request
    session: Session | None
    catalogue: Catalogue
    visitor: str
    is_new_visitor: bool

    @property
    def now_s(self) -> int:
        return self.wallet.clock.now_s()

    @property
    def form_token(self) -> str:
        """Goes into every form; only pages of this wallet can know it."""
        return hashlib.sha256(b"form\0" + self.visitor.encode()).hexdigest()[:32]

    def text(self, key: str, /, **values: Any) -> str:
        return self.catalogue.text(key, **values)

    def formatter(self, program: Program) -> Formatter:
        """Formats for this reader on the program's calendar."""
        return Formatter(
            catalogue=self.catalogue,
            day_offset_s=program.day_offset_s,
            today=program.today,
            currency=program.currency,
            currency_decimals=program.currency_decimals,
        )

    def render(self, template: str, **context: Any) -> str:
        """A template as text, with what all templates know."""
        return self.wallet.templates.get_template(template).render(
            t=self.catalogue.text,
            language=self.catalogue.language,
            languages=NATIVE_NAMES,
            session=self.session,
            form_token=self.form_token,
            static=self.wallet.static,
            program_name=self.wallet.settings.program_name,
            path=self.request.url.path,
            **context,
        )

    def page(self, template: str, *, status: int = 200, **context: Any) -> Response:
        """A whole page. Never stored by anyone: it shows a member's affairs."""
        response = HTMLResponse(self.render(template, **context), status_code=status)
        response.headers["Content-Language"] = self.catalogue.language
        response.headers["Cache-Control"] = "no-store"
        if self.is_new_visitor:
            self.set_cookie(response, VISITOR_COOKIE, self.visitor, max_age_s=YEAR_S)
        return response

    def redirect(self, address: str) -> Response:
        """Sends the browser on after a change (303, so that a reload repeats nothing)."""
        return RedirectResponse(address, status_code=303, headers={"Cache-Control": "no-store"})

    def set_cookie(self, response: Response, name: str, value: str, *, max_age_s: int) -> None:
        response.set_cookie(
            name,
            value,
            max_age=max_age_s,
            path="/",
            httponly=True,
            samesite="lax",
            secure=self.wallet.settings.is_secure_origin,
        )

    @property
    def client_address(self) -> str:
        return self.request.client.host if self.request.client else "unknown"


@dataclass(frozen=True)
class MemberVisit:
    """A visit of a signed-in member."""

    visit: Visit
    member: MemberId


@dataclass(frozen=True)
class TillVisit:
    """A visit of a signed-in till."""

    visit: Visit
    till: Till


async def open_visit(request: Request) -> Visit:
    """Reads the cookies. Kept on the request, so that an error page can use it."""
    wallet: Wallet = request.app.state.wallet
    token = request.cookies.get(SESSION_COOKIE, "")
    session = None
    if token:
        async with wallet.database.begin() as connection:
            session = await find_session(connection, token, now_s=wallet.clock.now_s())
    language = choose_language(
        request.cookies.get(LANGUAGE_COOKIE), request.headers.get("accept-language", "")
    )
    asked = request.query_params.get("lang")
    visitor = request.cookies.get(VISITOR_COOKIE, "")
    visit = Visit(
        wallet=wallet,
        request=request,
        session=session,
        catalogue=wallet.catalogues[asked if asked in LANGUAGES else language],
        visitor=visitor or secrets.token_urlsafe(24),
        is_new_visitor=not visitor,
    )
    request.state.visit = visit
    return visit


async def is_still_signed_in(visit: Visit) -> bool:
    """Whether the session with which a long answer began is still open."""
    token = visit.request.cookies.get(SESSION_COOKIE, "")
    async with visit.wallet.database.begin() as connection:
        return await find_session(connection, token, now_s=visit.now_s) == visit.session


AnyVisit = Annotated[Visit, Depends(open_visit)]


async def _signed_in_member(visit: AnyVisit) -> MemberVisit:
    if visit.session is None or visit.session.kind is not SessionKind.MEMBER:
        raise NotSignedInError
    return MemberVisit(visit, MemberId(visit.session.subject))


async def _signed_in_till(visit: AnyVisit) -> TillVisit:
    if visit.session is None or visit.session.kind is not SessionKind.TILL:
        raise NotSignedInError(is_till=True)
    till = visit.wallet.tills.get(visit.session.subject)
    if till is None:
        raise NotSignedInError(is_till=True)
    return TillVisit(visit, till)


async def _own_form(visit: AnyVisit) -> FormData:
    request = visit.request
    if request.headers.get("sec-fetch-site", "none") not in SAME_SITE_FETCHES:
        raise RequestForgedError
    origin = request.headers.get("origin")
    if (
        origin is not None
        and origin != visit.wallet.settings.public_origin
        and not _is_own_host(request, origin)
    ):
        raise RequestForgedError
    form = await request.form(max_files=0, max_fields=FORM_FIELDS_MAX, max_part_size=FORM_PART_BYTES_MAX)
    given = str(form.get("form_token", ""))
    if visit.is_new_visitor or not hmac.compare_digest(given.encode(), visit.form_token.encode()):
        raise RequestForgedError
    return form


def _is_own_host(request: Request, origin: str) -> bool:
    return origin.split("://", 1)[-1] == request.headers.get("host", "")


SignedInMember = Annotated[MemberVisit, Depends(_signed_in_member)]
SignedInTill = Annotated[TillVisit, Depends(_signed_in_till)]
OwnForm = Annotated[FormData, Depends(_own_form)]
