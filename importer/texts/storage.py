"""Texts of the kinds that ``importer/storage.py`` says."""

TEXTS: dict[str, str | tuple[str, str]] = {
    "files.none": "There is no file or folder {file}.\nCheck the path.",
    "files.changed": "{name} was changed in the meantime",
    "store.password": (
        "The URL contains a password, which others can read.\n"
        "Remove the password from the URL, and configure it in the storage's own tools."
    ),
    "store.no-listing": (
        "The content of {file} can't be listed: there is no such bucket, or the server that answers is not an S3 service.\n"
        "Nothing was sent. Check the name, AWS_ENDPOINT_URL, and whether a proxy or gateway stands between this machine and the storage."
    ),
    "store.not-reached": "{file} can't be read: {why}.\nNothing of this file was sent. {action.Run-same-command}.",
    "store.not-read": "{file} can't be read: {why}.\nNothing was sent.",
    "store.no-s3": (
        "Files at {scheme}:// need an extra package that is not installed.\n"
        "Install it: pip install 'note-importer[s3]' (with pipx: pipx inject note-importer 'note-importer[s3]')."
    ),
    "store.no-such": "{file} uses a kind of storage that is not supported: {scheme}://.\nUse s3://, or a file on this machine.",
    "store.refuses": "the storage refuses the request ({said})",
    "store.out-of-order": "the storage can't be reached, or does not work ({said})",
}
