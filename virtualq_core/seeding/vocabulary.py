"""Words that look real, drawn by Faker once per locale; the rows only point at them."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from virtualq_core.errors import UsageError
from virtualq_core.seeding.record import NULL, Segments, segments, text

if TYPE_CHECKING:
    from collections.abc import Callable

PEOPLE = 500
SENTENCES = 200
WORDS = 200
BUSINESSES = 80

# Where a locale's businesses stand; a locale that is not here keeps UTC.
_ZONES = {
    "ar_AE": "Asia/Dubai",
    "de_AT": "Europe/Vienna",
    "de_CH": "Europe/Zurich",
    "de_DE": "Europe/Berlin",
    "en_AU": "Australia/Sydney",
    "en_CA": "America/Toronto",
    "en_GB": "Europe/London",
    "en_IN": "Asia/Kolkata",
    "en_US": "America/New_York",
    "es_ES": "Europe/Madrid",
    "es_MX": "America/Mexico_City",
    "fr_FR": "Europe/Paris",
    "it_IT": "Europe/Rome",
    "ja_JP": "Asia/Tokyo",
    "ko_KR": "Asia/Seoul",
    "nl_NL": "Europe/Amsterdam",
    "pl_PL": "Europe/Warsaw",
    "pt_BR": "America/Sao_Paulo",
    "zh_CN": "Asia/Shanghai",
}


@dataclass(frozen=True)
class Words:
    """The words of one locale."""

    locale: str
    zone: str
    people: list[str]
    phones: list[str]
    emails: list[str]
    businesses: list[str]
    places: list[str]
    goods: list[str]
    notes: list[str]


@dataclass(frozen=True)
class Lexicon:
    """
    The words of all locales as complete binary fields, one locale after the other.

    Entry `i` of locale `k` is at `k × count + i`; `phones`, `emails` and `notes` have NULL at the very end.
    """

    words: tuple[Words, ...]
    people: Segments
    phones: Segments
    emails: Segments
    goods: Segments
    notes: Segments


def gather(locales: tuple[str, ...], seed: int) -> Lexicon:
    """
    The words of the locales; takes about 0.1 s for each.

    Raises:
        UsageError: Faker does not know a locale.
    """
    words = tuple(_words(locale, seed) for locale in locales)

    def fields(pick: Callable[[Words], list[str]], *more: bytes) -> Segments:
        return segments([*(text(word) for one in words for word in pick(one)), *more])

    return Lexicon(
        words=words,
        people=fields(lambda one: one.people),
        phones=fields(lambda one: one.phones, NULL),
        emails=fields(lambda one: one.emails, NULL),
        goods=fields(lambda one: one.goods),
        notes=fields(lambda one: one.notes, NULL),
    )


def _words(locale: str, seed: int) -> Words:
    from faker import Faker  # noqa: PLC0415 - a third of a second, and only seeding needs it
    from faker.config import AVAILABLE_LOCALES  # noqa: PLC0415

    if locale not in AVAILABLE_LOCALES:
        known = sorted(AVAILABLE_LOCALES)
        same_language = [name for name in known if name.split("_")[0] == locale.lower().replace("-", "_").split("_")[0]]
        near = difflib.get_close_matches(locale, same_language or known, n=1, cutoff=0.0)
        raise UsageError(f"no locale '{locale}'", expected=f"one of Faker's, such as {near[0]}")
    faker = Faker(locale)
    faker.seed_instance(seed)

    def draw(provider: str, count: int, longest: int) -> list[str]:
        # A few locales lack a provider; digits are digits everywhere.
        make = getattr(faker, provider, lambda: faker.numerify("0## ### ####"))
        return [str(make())[:longest] for _ in range(count)]

    return Words(
        locale=locale,
        zone=_ZONES.get(locale, "UTC"),
        people=draw("name", PEOPLE, 100),
        phones=draw("phone_number", WORDS, 40),
        emails=draw("email", WORDS, 200),
        businesses=draw("company", BUSINESSES, 100),
        places=draw("city", BUSINESSES, 100),
        goods=draw("catch_phrase", WORDS, 100),
        notes=draw("sentence", SENTENCES, 200),
    )
