"""Settings: which profile, its key, what it remembers of files, its defaults.

Comes in: requests that the guard lets pass. Goes out: pages; profiles are changed by :mod:`importer.settings`. The key
goes in and never out: no page, no file of ours and no log holds it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from flask import redirect, render_template, request, url_for

from importer import commands
from importer.errors import BadSettings
from importer.messages import Said
from importer.page import fields
from importer.page.rendering import IN_SETTINGS, words
from importer.page.screens import Page, Parts, Rules, problem
from importer.settings import editing, keystore, profiles, remembering

_DONE = {
    "chosen": "The page works with this profile now.",
    "made": "The profile is made, and the page works with it. Next, give it its key.",
    "saved": "Saved. It counts from now on.",
    "nothing": "Nothing was changed.",
    "forgotten": "Forgotten. A file that has it asks again.",
    "key": "The key is held until the program ends.",
    "kept": "The key is kept in the system's key store.",
    "key-forgotten": "The key is forgotten.",
}
_SHOWN = ("map", "value", "ignore")
_PATIENCE = 15.0  # seconds that a person waits for an answer of the API
_USUAL = "Nothing is sent here. What you change counts from then on."


class SettingUp:
    """The screens, each a method."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    @property
    def rules(self) -> Rules:
        """Address, method, screen."""
        return (
            ("/settings", "GET", self.settings),
            ("/settings/profile", "POST", self.choose_profile),
            ("/settings/new", "POST", self.new_profile),
            ("/settings/key", "POST", self.type_key),
            ("/settings/key/try", "POST", self.try_key),
            ("/settings/key/forget", "POST", self.forget_key),
            ("/settings/forget", "POST", self.forget_memory),
            ("/settings/change", "POST", self.change_settings),
        )

    def settings(self) -> Page:
        """All of it, of the profile that the page works with."""
        return self._screen(_DONE.get(request.args.get("done", ""), _USUAL), where=request.args.get("where", ""))

    def choose_profile(self) -> Page:
        """Work with another profile."""
        if (refused := self._refused()) is not None:
            return refused
        self._parts.current.choose(request.form.get("name", ""))
        return _done("chosen")

    def new_profile(self) -> Page:
        """Make a profile, and work with it."""
        if (refused := self._refused()) is not None:
            return refused
        name = request.form.get("name", "").strip()
        try:
            profiles.make(name, {}, {})
        except BadSettings as error:
            return self._screen("No profile was made.", troubles={"new": error.message}, new=name)
        self._parts.current.choose(name)
        return _done("made", "key")

    def type_key(self) -> Page:
        """Hold a key, and keep it where that was ticked."""
        if (refused := self._refused(workspace=True)) is not None:
            return refused
        keep = request.form.get("keep") == "yes"
        try:
            self._parts.current.type_key(request.form.get("key", ""), keep=keep)
        except BadSettings as error:
            return self._screen("The key wasn't taken.", troubles={"key": error.message})
        return _done("kept" if keep else "key", "key")

    def try_key(self) -> Page:
        """Ask the API whether it accepts the key; nothing is changed there."""
        if (refused := self._refused(workspace=True)) is not None:
            return refused
        settings = self._parts.current.with_key()
        found = commands.doctor.try_key(
            replace(
                settings,
                connect_timeout=min(_PATIENCE, settings.connect_timeout),
                read_timeout=min(_PATIENCE, settings.read_timeout),
            )
        )
        return self._screen(words(f"{found.about}: {words(found.text).removesuffix('.')}."), tried=found)

    def forget_key(self) -> Page:
        """Forget it, here or in the system's key store."""
        if (refused := self._refused(workspace=True)) is not None:
            return refused
        self._parts.current.forget_key(kept=request.form.get("where") == "store")
        return _done("key-forgotten", "key")

    def forget_memory(self) -> Page:
        """Forget a column or a word."""
        if (refused := self._refused()) is not None:
            return refused
        try:
            path = json.loads(request.form.get("memory", ""))
        except ValueError:
            path = None
        if not isinstance(path, list) or not path or not all(isinstance(part, str) for part in path):
            return problem("Nothing was forgotten.", "It isn't said what.", 400, url_for("settings"))
        remembering.forget(self._parts.current.profile, path)
        return _done("forgotten", "remembered")

    def change_settings(self) -> Page:
        """Change the defaults; all of them, or none if one can't be used."""
        if (refused := self._refused()) is not None:
            return refused
        for name in fields.BY_HAND:
            if name in request.form:
                return self._only_by_hand(name)
        said = {name: request.form[name] for name in fields.FIELDS if name in request.form}
        if wrong := editing.wrong({**editing.texts(self._parts.current.profile, fields.BY_HAND), **said}):
            groups = self._groups(said, wrong)
            return self._screen(
                "Nothing was saved: look for the marked fields.", groups=groups, focus=next(iter(wrong))
            )
        changed = editing.change(self._parts.current.profile, said)
        return _done("saved" if changed else "nothing", "defaults")

    def _refused(self, *, workspace: bool = False) -> Page | None:
        """Why nothing can be changed: they practise, or it was said of another profile; None where it can."""
        current = self._parts.current
        if current.practice is not None:
            return problem(
                "Nothing was changed.",
                "You are practising. Settings are for the real thing: leave practice first.",
                409,
                url_for("practice"),
                "To practice",
            )
        now = str(current.settings().workspace) if workspace else current.profile
        if request.form.get("of", now if not workspace else "") != now:
            return problem(
                "Nothing was changed.",
                "The page works with another profile by now, or at another address. Look again.",
                409,
                url_for("settings"),
                "Look again",
            )
        return None

    def _only_by_hand(self, name: str) -> Page:
        """Say that a setting is changed in the file of profiles, and not here."""
        file, label = editing.shown(profiles.profiles_file()), IN_SETTINGS[name]
        said = f"“{label}” can't be changed on this page. Write it into the profile by hand, in {file}."
        return problem("Nothing was saved.", said, 403, url_for("settings"), "To Settings")

    def _screen(self, said: str, **about: object) -> Page:
        """All of it; what can't be read of a profile is told, and the rest is there."""
        current = self._parts.current
        if current.practice is not None:
            return render_template("settings.html", said="You are practising.", profile=current.profile)
        about = {
            "troubles": {},
            **about,
            "said": said,
            "profile": current.profile,
            "is_last_chosen": current.is_last_chosen,
        }
        about |= {"file": editing.shown(profiles.profiles_file()), "has_store": keystore.is_there()}
        try:
            about["names"] = list(dict.fromkeys([profiles.DEFAULT, *profiles.names()]))
            if "groups" not in about:
                held = editing.texts(current.profile, (*fields.FIELDS, *fields.BY_HAND))
                about["groups"] = self._groups(held, editing.wrong(held))
            about["memories"] = [(json.dumps(memory.path), memory) for memory in remembering.memories(current.profile)]
            about["others"] = [
                name
                for name in profiles.load(current.profile)
                if name not in (*fields.FIELDS, *fields.BY_HAND, *_SHOWN)
            ]
            about |= {"workspace": current.settings().workspace, "key": current.key_place()}
            about["latest"] = next(self._parts.uploads.of(current.settings().workspace), None)  # to go on with
        except BadSettings as error:
            about["broken"] = error.message
        return render_template("settings.html", **about)

    def _groups(self, texts: Mapping[str, str], wrong: Mapping[str, Said]) -> list[fields.FieldGroup]:
        return fields.groups(texts, {**_missing(texts), **wrong}, self._parts.current.given())


def _missing(texts: Mapping[str, str]) -> dict[str, str]:
    """Say beside the folder that it isn't there; it stays in the profile, because its drive may be connected later."""
    place = texts.get("attachments", "").strip()
    if not place or Path(place).is_dir():
        return {}
    return {"attachments": "There is no such folder at the moment. Make it, or name another."}


def _done(what: str, where: str = "") -> Page:
    return redirect(url_for("settings", done=what, where=where or None, _anchor=where or None), 303)
