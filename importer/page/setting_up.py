"""Change settings: the profile, its key, the answers that it remembers, and three defaults.

Input: requests that the guard lets pass. Output: pages. :mod:`importer.settings` changes the profiles. The key is never
shown: no page, no log and no file of the page holds it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from flask import redirect, render_template, request, url_for

from importer import operations
from importer.errors import BadSettings
from importer.messages import Said, say, words
from importer.page.rendering import CAPTIONS, EDITED
from importer.page.screens import Page, Screens, refuse, screen
from importer.settings import SETTINGS, Setting, profiles, readings, secrets
from importer.settings.kinds import OneOf, with_tilde

_DONE = {
    "chosen": say("page.settings.chosen"),
    "made": say("page.settings.created"),
    "saved": say("page.settings.saved"),
    "forgotten": say("page.readings.forgotten"),
    "key": say("page.key.is-kept"),
    "kept": say("page.key.is-stored"),
    "key-forgotten": say("page.key.is-deleted"),
}
_PATIENCE = 15.0  # longest wait for the API, in seconds, because a person is waiting
_USUAL = say("page.settings.usual")


@dataclass(frozen=True)
class Entry:
    """Form field of one setting.

    Attributes:
        setting: the setting, with its name, label and help.
        text: the field's value.
        options: value and label of each option; empty for a field that is typed.
        trouble: why the value can't be used; empty if it can.
    """

    setting: Setting
    text: str
    options: tuple[tuple[str, Said], ...]
    trouble: Said


def entries(texts: Mapping[str, str]) -> list[Entry]:
    """Return the fields of the form, with their values by the settings' names."""
    return [
        Entry(setting, text, _options(setting, text), _trouble(setting, text))
        for setting, text in ((SETTINGS[name], texts.get(name, "")) for name in EDITED)
    ]


def _options(setting: Setting, text: str) -> tuple[tuple[str, Said], ...]:
    if not isinstance(setting.kind, OneOf):
        return ()
    options = {"": say("page.settings.not-set"), **CAPTIONS[setting.name]}
    return (*options.items(), *(() if text in options else ((text, text),)))  # a word that was written in the profile


def _trouble(setting: Setting, value: object) -> Said:
    """Return why a setting can't have this value; empty if it can. A blank text sets nothing."""
    try:
        if value != "":
            setting.read(value)
    except BadSettings as error:
        return error.reason
    return ""


class SettingUp(Screens):
    """Screens for settings."""

    @screen("/settings")
    def settings(self) -> Page:
        """Show the settings of the profile in force."""
        where = request.args.get("where", "")
        return self._screen(_DONE.get(request.args.get("done", ""), _USUAL), where=where)

    @screen("/settings/profile", "POST")
    def choose_profile(self) -> Page:
        """Work with another profile."""
        self._check_form()
        self._parts.current.choose(request.form.get("name", ""))
        return _done("chosen")

    @screen("/settings/new", "POST")
    def new_profile(self) -> Page:
        """Make a profile and work with it."""
        self._check_form()
        name = request.form.get("name", "").strip()
        try:
            profiles.make(name, {}, {})
        except BadSettings as error:
            return self._screen(say("page.settings.not-created"), troubles={"new": error.message}, new=name)
        self._parts.current.choose(name)
        return _done("made", "key")

    @screen("/settings/key", "POST")
    def type_key(self) -> Page:
        """Hold the key, and store it in the system's key store if that was ticked."""
        self._check_form(workspace=True)
        keep = request.form.get("keep") == "yes"
        try:
            self._parts.current.type_key(request.form.get("key", ""), keep=keep)
        except BadSettings as error:
            return self._screen(say("page.key.not-accepted"), troubles={"key": error.message})
        if why := self._trouble_with_key():
            return self._screen(say("page.key.not-accepted"), troubles={"key": why})
        return _done("kept" if keep else "key", "key", file=request.form.get("file") or None)

    def _trouble_with_key(self) -> Said:
        """Ask the API whether it accepts the key, by one call that only reads. Return why not; empty if it does."""
        settings = self._parts.current.with_key()
        try:
            check = operations.doctor.try_key(replace(settings, read_timeout=min(_PATIENCE, settings.read_timeout)))
        except BadSettings as error:  # the proxy or the certificates
            return error.message
        return check.text if check.exit_status else ""

    @screen("/settings/key/forget", "POST")
    def forget_key(self) -> Page:
        """Forget the key in force, in the system's key store, too, if it is kept there."""
        self._check_form(workspace=True)
        self._parts.current.forget_key()
        return _done("key-forgotten", "key")

    @screen("/settings/reading", "POST")
    def forget_reading(self) -> Page:
        """Forget how a kind of sheet is read."""
        self._check_form()
        readings.forget(self._parts.current.profile, request.form.get("reading", ""))
        return _done("forgotten", "readings")

    @screen("/settings/change", "POST")
    def change_settings(self) -> Page:
        """Change the profile's defaults. If one value can't be used, no value is changed."""
        self._check_form()
        profile = self._parts.current.profile
        texts = {name: request.form[name].strip() for name in EDITED if name in request.form}
        if wrong := [entry for entry in entries(texts) if entry.trouble]:
            return self._screen(say("page.settings.not-saved"), texts=texts, focus=wrong[0].setting.name)
        before = _texts(profile)
        changed = {name: text or None for name, text in texts.items() if text != before.get(name, "")}
        if changed:
            profiles.remember(profile, changed)
        return _done("saved", "defaults")

    def _check_form(self, *, workspace: bool = False) -> None:
        """Refuse a change from a form for another profile or workspace."""
        current = self._parts.current
        expected = str(current.settings().workspace) if workspace else current.profile
        if request.form.get("of", expected if not workspace else "") != expected:
            why = say("page.problem.another-profile")
            refuse(say("hide.nothing-changed"), why, 409, url_for("settings"), say("page.problem.look-again"))

    def _screen(self, said: Said, **context: Any) -> Page:
        """Show all settings. If the profile can't be read, show the error and the rest."""
        current = self._parts.current
        context = {
            "troubles": {},
            "where": "",
            **context,
            "back": self._parts.uploads.get(request.values.get("file", "")),
            "said": said,
            "profile": current.profile,
        }
        context |= {"file": with_tilde(profiles.profiles_file()), "has_store": secrets.has_key_store()}
        try:
            context["names"] = profiles.names()
            texts = context.get("texts", _texts(current.profile))
            context["entries"] = entries(texts)
            context["readings"] = [
                (reading, [words(setting) for setting in reading.as_settings])
                for reading in readings.of_profile(current.profile)
            ]
            context |= {"workspace": current.settings().workspace, "key": current.key_place()}
        except BadSettings as error:
            context["broken"] = error.message
        return render_template("settings.html", **context)


def _texts(profile: str) -> dict[str, str]:
    """Return the profile's values of the settings that the page changes, as texts."""
    return {name: str(value) for name, value in profiles.load(profile).items() if name in EDITED}


def _done(done: str, section: str = "", **fields: Any) -> Page:
    return redirect(url_for("settings", done=done, where=section or None, _anchor=section or None, **fields), 303)
