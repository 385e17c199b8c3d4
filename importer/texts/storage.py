"""Texts of the kinds that ``importer/storage.py`` says."""

TEXTS: dict[str, str | tuple[str, str]] = {
    "store.no-such": (
        "{url} can't be used.\n"
        "Use s3://bucket/folder/file.xlsx, or a file on this machine. A URL never holds a password: configure it in AWS's own tools."
    ),
    "store.none": (
        "There is no {file}, or the server that answers is not an S3 service.\n"
        "Nothing of it was sent. Check the name, AWS_ENDPOINT_URL, and whether a proxy or gateway stands between this machine and the storage."
    ),
    "store.no-s3": (
        "Files at s3:// need an extra package that is not installed.\n"
        "Install it: pip install 'note-importer[s3]' (with pipx: pipx inject note-importer 'note-importer[s3]')."
    ),
    "store.refuses": "{file} can't be used: the storage refuses the request ({why}).\nNothing of it was sent. Check the credentials and their rights.",
    "store.out-of-order": "{file} can't be used: the storage can't be reached, or does not work ({why}).\nNothing of it was sent. {action.Run-same-command}.",
}
