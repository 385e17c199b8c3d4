"""What counts now: what was said at the start, the environment, the profile that was chosen here, and a key typed here.

Comes in: what the command line said; a person's choices on the page. Goes out: settings, with the key or without. While
they practise, it is practice's settings that count, and nothing that is said here reaches a profile.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from importer.errors import BadSettings, NoKey
from importer.messages import Said, say
from importer.models import Role, Workspace
from importer.page.choices import Choices
from importer.page.practice import Practice
from importer.settings import KEY_VARIABLE, Settings, keystore, profiles, remembering, sources
from importer.settings.key import WHAT_A_KEY_IS, can_be_key
from importer.settings.sources import Given, Source


@dataclass(frozen=True)
class KeyPlace:
    """Where the key comes from.

    Attributes:
        text: in words; where there is none, why.
        is_there: whether there is one.
        is_typed: whether it was typed here.
        is_kept: whether the system's key store has one, too.
    """

    text: Said
    is_there: bool = True
    is_typed: bool = False
    is_kept: bool = False


class CurrentSettings:
    """What the page is told.

    Args:
        said: what was said when it was started, by the settings' names.
        names: the settings that matter here.

    Attributes:
        profile: which counts.
        practice: what they practise with, while they do.
        is_last_chosen: whether the profile counts because it was chosen last, before the program was started.
    """

    def __init__(self, said: Mapping[str, object], names: Collection[str]) -> None:
        self._said, self._names = dict(said), names
        self._typed: dict[Workspace, str] = {}
        self.profile = str(said.get("profile", profiles.DEFAULT))
        self.practice: Practice | None = None
        self.is_last_chosen = False
        self._chosen: Path | None = None
        self._address = self._address_now()

    def _address_now(self) -> str | None:
        """Return the address of the API, to which a key in the environment is sent; None if no profile can be read."""
        try:
            return self.settings().base_url
        except BadSettings:
            return None

    def given(self) -> dict[str, Given]:
        """What was given, and where; the profile may have been changed since, by the page itself.

        Raises:
            BadSettings: the profile can't be used.
        """
        return sources.gather({**self._said, "profile": self.profile}, self._names)

    def settings(self) -> Settings:
        """The settings, without a key.

        Raises:
            BadSettings: one can't be used.
        """
        return self.practice.settings if self.practice is not None else sources.settings_of(self.given())

    def with_key(self) -> Settings:
        """The settings with the key.

        Raises:
            BadSettings: there is none, or it can't be used.
        """
        settings = self.settings()
        if self.practice is not None:
            return replace(settings, key=self.practice.key)
        if typed := self._typed.get(settings.workspace):
            return replace(settings, key=typed)
        if why := self._why_not_started_with(settings):
            if kept := keystore.kept(settings.workspace):
                return replace(settings, key=kept)
            raise BadSettings(why)
        return sources.with_key(settings, self.given())

    def _why_not_started_with(self, settings: Settings) -> str:
        """Return why the key that the program was started with isn't sent to this address; empty if nothing forbids it.

        Only the environment and the command's own key file are meant. A key in a profile's file goes to that profile's
        address, and the system's key store keeps a key for each address.
        """
        given = self.given()
        if sources.key_file(given) is not None:
            is_meant = given["api-key-file"].place is not Source.PROFILE
        else:
            is_meant = bool(os.environ.get(KEY_VARIABLE, "").strip())
        if not is_meant or settings.base_url == self._address:
            return ""
        return (
            f"The API key that note-importer was started with was given for {self._address}, so it is not sent to"
            f" {settings.base_url}. Type the key for that address under Settings."
        )

    def with_key_if_there(self) -> Settings:
        """The settings with the key, where there is one that can be used; else without.

        Raises:
            BadSettings: another setting can't be used.
        """
        try:
            return self.with_key()
        except BadSettings:
            return self.settings()

    def remember(self, choices: Choices, headings: Mapping[Role, str]) -> None:
        """Keep what was chosen for a file, in the profile; while practising, until practice ends.

        Args:
            choices: what was chosen.
            headings: role → heading of its column in the file; what was chosen for words is kept for it.

        Raises:
            BadSettings: it can't be written.
        """
        if not (names := choices.to_remember):
            return
        if self.practice is not None:
            settings = choices.only(names).applied(self.practice.settings)
            self.practice.settings = remembering.for_columns(settings, headings)
        else:
            remembering.remember(choices.applied(self.settings()), names, headings)

    def choose(self, profile: str) -> None:
        """Work with a profile from now on; and from the next start on, unless another is named then.

        Raises:
            BadSettings: there is no such profile.
        """
        profiles.load(profile)
        self.profile, self.is_last_chosen = profile, False
        if self._chosen is not None:
            with contextlib.suppress(OSError):  # the next start only begins with the usual one
                self._chosen.write_text(profile, encoding="utf-8")

    def go_on(self, chosen: Path) -> None:
        """Work with the profile that was chosen last, unless one was named; if it is gone or can't be used, as usual.

        Args:
            chosen: the file that holds its name, and that of whichever is chosen from now on.
        """
        self._chosen, usual = chosen, self.profile
        if "profile" in self._said:
            return
        try:
            self.profile = chosen.read_text(encoding="utf-8")
            self.settings()
        except (OSError, ValueError, BadSettings):
            self.profile = usual
        self.is_last_chosen, self._address = self.profile != usual, self._address_now()

    def type_key(self, key: str, *, keep: bool) -> None:
        """Hold a key for the workspace until the program ends.

        Args:
            key: as it was typed.
            keep: whether the system's key store is to keep it, too.

        Raises:
            BadSettings: it can't be a key, or the store doesn't keep it; nothing is held then.
        """
        key, workspace = key.strip(), self.settings().workspace
        if not key or not can_be_key(key):
            raise BadSettings(say("keys.no-key", why=WHAT_A_KEY_IS))
        if keep:
            keystore.keep(workspace, key)
        self._typed[workspace] = key

    def forget_key(self, *, kept: bool) -> None:
        """Forget the key that was typed; or take the one out that the system's key store keeps.

        Raises:
            BadSettings: the store doesn't let it go.
        """
        workspace = self.settings().workspace
        if kept:
            keystore.forget(workspace)
        self._typed.pop(workspace, None)

    def key_place(self) -> KeyPlace:
        """Where the key comes from.

        Raises:
            BadSettings: a setting can't be used.
        """
        settings, is_kept = self.settings(), False
        with contextlib.suppress(BadSettings):  # whether that matters, is told below
            is_kept = keystore.kept(settings.workspace) is not None
        if settings.workspace in self._typed:
            said = "It was typed here, and is forgotten when the program ends."
            return KeyPlace(said, is_typed=True, is_kept=is_kept)
        try:
            if why := self._why_not_started_with(settings):
                if is_kept:
                    return KeyPlace("It comes from the system's key store.", is_kept=True)
                return KeyPlace(why, is_there=False)
            place = sources.key_place(settings, self.given())
            return KeyPlace(say("key.comes-from", place=place), is_kept=is_kept)
        except NoKey:
            return KeyPlace("There is none yet, so nothing can be sent. Type it below.", is_there=False)
        except BadSettings as error:
            return KeyPlace(error.message, is_there=False)
