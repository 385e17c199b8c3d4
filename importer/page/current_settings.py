"""Determine the settings in force: command line, environment, the profile chosen on the page, and a key typed there.

Input: the options of the command line, and a person's choices on the page. Output: settings, with the key or without.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import NamedTuple

from importer.errors import BadSettings, NoKey
from importer.messages import Said, as_message, say
from importer.models import Workspace
from importer.settings import Settings, profiles, secrets, sources
from importer.settings.secrets import KEY_VARIABLE, can_be_key
from importer.settings.sources import Given


class KeyPlace(NamedTuple):
    """Source of the key in words, or why there is none (``is_there``); whether the page can delete it."""

    text: Said
    is_there: bool = True
    can_be_deleted: bool = False


class CurrentSettings:
    """Settings in force for the page.

    Args:
        said: the options with which the program was started, by the settings' names.
        names: names of the settings that matter to the page.

    Attributes:
        profile: the name of the profile in force.
    """

    def __init__(self, said: Mapping[str, object], names: Collection[str]) -> None:
        self._said, self._names = dict(said), names
        self._typed: dict[Workspace, str] = {}
        self.profile = str(said.get("profile", profiles.DEFAULT))
        self._address: str | None = None  # to which a key in the environment is sent; None if no profile can be read
        with contextlib.suppress(BadSettings):
            self._address = self.settings().base_url

    def given(self) -> dict[str, Given]:
        """Return each given setting and its source. The profile is read anew, because the page may have changed it."""
        return sources.gather({**self._said, "profile": self.profile}, self._names)

    def settings(self) -> Settings:
        """Return the settings without a key; raise BadSettings if one can't be used."""
        return sources.settings_of(self.given())

    def with_key(self) -> Settings:
        """Return the settings with the key; raise BadSettings if there is none, or it can't be used."""
        settings = self.settings()
        if typed_key := self._typed.get(settings.workspace):
            return replace(settings, key=typed_key)
        if reason := self._why_not_started_with(settings):
            if stored_key := secrets.kept_key(settings.workspace):
                store = say("origin.key-store", workspace=str(settings.workspace))
                place = say("key.of-profile", profile=repr(settings.profile), place=store)
                return replace(settings, key=stored_key, origin=replace(settings.origin, key_place=place))
            raise BadSettings(reason)
        return sources.with_key(settings, self.given())

    def _why_not_started_with(self, settings: Settings) -> Said:
        """Return why the key that the program was started with isn't sent to this address; empty if it may be sent.

        This applies only to the environment and to a key file named for this command. A key in a profile's file goes to
        that profile's address, and the system's key store keeps a key for each address.
        """
        given = self.given()
        if sources.secret_file(given, "api-key-file") is not None:
            is_meant = not given["api-key-file"].is_of_profile
        else:
            is_meant = bool(os.environ.get(KEY_VARIABLE, "").strip())
        if not is_meant or settings.base_url == self._address:
            return ""
        return say("page.key.of-another-address", address=str(self._address), url=settings.base_url)

    def with_key_if_there(self) -> Settings:
        """Return the settings with the key if there is a usable one, else without a key."""
        try:
            return self.with_key()
        except BadSettings:
            return self.settings()

    def choose(self, profile: str) -> None:
        """Use a profile from now on, until the program ends; raise BadSettings if there is none of this name."""
        profiles.load(profile)
        self.profile = profile

    def type_key(self, key: str, *, keep: bool) -> None:
        """Hold a key for the workspace until the program ends.

        Args:
            key: the key as typed.
            keep: whether to store the key in the system's key store, too.

        Raises:
            BadSettings: the text can't be a key, or the key store doesn't keep it. In both cases no key is held.
        """
        key, workspace = key.strip(), self.settings().workspace
        if not can_be_key(key):
            raise BadSettings(say("key.none"))
        if keep:
            secrets.keep_key(workspace, key)
        self._typed[workspace] = key

    def forget_key(self) -> None:
        """Forget the key in force: the one that was typed, or else the one in the system's key store."""
        workspace = self.settings().workspace
        typed, stored = self._typed.pop(workspace, None), secrets.kept_key(workspace)
        if stored is not None and typed in (None, stored):  # a key that was typed to be stored is forgotten in both
            secrets.forget_key(workspace)

    def key_place(self) -> KeyPlace:
        """Return the source of the key in force."""
        if self.settings().workspace in self._typed:
            return KeyPlace(say("page.key.entered-here"), can_be_deleted=True)
        try:
            place = as_message(self.with_key().origin.key_place or "")
        except NoKey:
            return KeyPlace(say("page.key.none-yet"), is_there=False)
        except BadSettings as error:
            return KeyPlace(error.message, is_there=False)
        return KeyPlace(place, can_be_deleted="origin.key-store" in place.kinds())
