"""Every word of every screen exists in every language."""

import re
from pathlib import Path
from string import Formatter as Placeholders

import pytest

import wallet_app
from wallet_app.catalogues import DEFAULT_LANGUAGE, LANGUAGES, Catalogue, choose_language, load_catalogues
from wallet_app.errors import WalletError
from wallet_app.gateway import LineKind
from wallet_app.store.redeem_codes import CodeState
from wallet_app.views.problems import PROBLEMS

PACKAGE = Path(wallet_app.__file__).parent
LITERAL_KEY = re.compile(r"""(?:\bt|\btext)\(\s*"([a-z_]+(?:\.[a-z_]+)+)"(?!\s*~)""")
KEY_IN_CODE = re.compile(r'"((?:form|reason|campaign|note|day)\.[a-z_]+)"')
PARTS_OF_KEYS = ("activity.", "reason.", "problem.", "code.title_", "code.advice_")


@pytest.fixture(scope="module")
def catalogues() -> dict[str, Catalogue]:
    return load_catalogues()


def keys_in_use() -> set[str]:
    found: set[str] = set()
    for path in [*PACKAGE.rglob("*.html"), *PACKAGE.rglob("*.py")]:
        text = path.read_text(encoding="utf-8")
        found |= set(LITERAL_KEY.findall(text)) | set(KEY_IN_CODE.findall(text))
    found |= {f"activity.{kind}" for kind in LineKind}
    for state in [*(state.value for state in CodeState if state is not CodeState.OPEN), "expired"]:
        found |= {f"code.title_{state}", f"code.advice_{state}"}
    for problem in PROBLEMS.values():
        found |= {f"problem.{problem.key}.{part}" for part in ("title", "advice", "action")}
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_key_in_use_is_missing(catalogues: dict[str, Catalogue], language: str) -> None:
    assert keys_in_use() - set(catalogues[language].messages) == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_all_languages_have_the_same_keys(catalogues: dict[str, Catalogue], language: str) -> None:
    assert set(catalogues[language].messages) == set(catalogues[DEFAULT_LANGUAGE].messages)


def test_no_key_is_left_over(catalogues: dict[str, Catalogue]) -> None:
    unused = set(catalogues[DEFAULT_LANGUAGE].messages) - keys_in_use()
    assert {key for key in unused if not key.startswith(PARTS_OF_KEYS)} == {"language.tag"} - keys_in_use()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_message_has_the_placeholders_of_the_english_one(
    catalogues: dict[str, Catalogue], language: str
) -> None:
    for key, message in catalogues[language].messages.items():
        expected = placeholders(catalogues[DEFAULT_LANGUAGE].messages[key])
        assert placeholders(message) == expected, key


@pytest.mark.parametrize("language", LANGUAGES)
def test_plural_messages_have_every_form_of_the_language(
    catalogues: dict[str, Catalogue], language: str
) -> None:
    catalogue = catalogues[language]
    forms = {catalogue.locale.plural_form(count) for count in range(200)} | {"other"}
    for key, message in catalogue.messages.items():
        if not isinstance(message, str):
            assert set(message) == forms, key


def placeholders(message: object) -> set[str]:
    texts = [message] if isinstance(message, str) else list(message.values())  # type: ignore[attr-defined]
    return {name for text in texts for _, name, _, _ in Placeholders().parse(text) if name}


@pytest.mark.parametrize(
    ("count", "expected"),
    [(1, "балл"), (3, "балла"), (5, "баллов"), (11, "баллов"), (21, "балл"), (0, "баллов")],
)
def test_russian_counts_points_rightly(catalogues: dict[str, Catalogue], count: int, expected: str) -> None:
    assert catalogues["ru"].text("unit.points", count=count) == expected


@pytest.mark.parametrize(
    ("chosen", "accepted", "expected"),
    [
        (None, "ru-RU,ru;q=0.9,en;q=0.8", "ru"),
        (None, "fr-FR, zh-CN;q=0.7, en;q=0.9", "en"),
        (None, "zh-TW", "zh"),
        (None, "", "en"),
        (None, "de;q=nonsense", "en"),
        ("zh", "ru", "zh"),
        ("xx", "ru", "ru"),
    ],
)
def test_language_is_the_chosen_one_else_the_browsers(
    chosen: str | None, accepted: str, expected: str
) -> None:
    assert choose_language(chosen, accepted) == expected


def test_every_error_has_a_problem_page() -> None:
    assert set(PROBLEMS) == set(WalletError.__subclasses__())
