"""The words of every screen, in every language: one JSON file a language, plural forms by CLDR."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from babel import Locale
from babel.core import negotiate_locale

DIRECTORY = Path(__file__).parent / "locales"
LANGUAGES = ("en", "ru", "zh")
DEFAULT_LANGUAGE = "en"
NATIVE_NAMES = {"en": "English", "ru": "Русский", "zh": "中文"}
ACCEPT_LANGUAGE_CHARS_MAX = 200

Message = str | Mapping[str, str]


@dataclass(frozen=True)
class Catalogue:
    """Words of one language. A message is a string, or one string for each plural form of `count`."""

    language: str
    locale: Locale
    messages: Mapping[str, Message]

    def text(self, key: str, /, *, count: int | None = None, **values: object) -> str:
        """The message with its `{placeholders}` filled; `count` picks the plural form."""
        message = self.messages[key]
        if not isinstance(message, str):
            assert count is not None, f"{key} needs a count"
            message = message[self.locale.plural_form(count)]
        return message.format(count=count, **values) if values or count is not None else message

    def has(self, key: str) -> bool:
        return key in self.messages


def load_catalogues(directory: Path = DIRECTORY) -> dict[str, Catalogue]:
    """All languages by their code."""
    return {
        language: Catalogue(
            language=language,
            locale=Locale.parse("zh_Hans_CN" if language == "zh" else language),
            messages=json.loads((directory / f"{language}.json").read_text(encoding="utf-8")),
        )
        for language in LANGUAGES
    }


def choose_language(chosen: str | None, accept_language: str) -> str:
    """The language of a request: what the member chose, else what the browser asks for, else English."""
    if chosen in LANGUAGES:
        return chosen
    weighted = []
    for part in accept_language[:ACCEPT_LANGUAGE_CHARS_MAX].split(","):
        tag, _, quality = part.strip().partition(";q=")
        try:
            weighted.append((-float(quality or 1), tag.split("-")[0].lower()))
        except ValueError:
            continue
    preferred = [tag for _, tag in sorted(weighted, key=lambda pair: pair[0])]
    return negotiate_locale(preferred, list(LANGUAGES)) or DEFAULT_LANGUAGE
