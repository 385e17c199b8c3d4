"""Texts of the kinds that ``importer/api/`` says."""

TEXTS: dict[str, str | tuple[str, str]] = {
    "stopped.blocked": "{why}\nDelivered notes are recorded.",
    "api.gave-no-reason": "the API did not accept this prospect and gave no reason. Check that the ID exists in this workspace",
    "api.only-accepted": "the API only accepted the request (202)",
    "api.unreadable-success": "the API reported success, but {why}",
    "api.anothers-answer": "its reply belongs to another request",
    "api.too-many-calls": "too many calls: {words}",
    "api.failed": "the API failed: {words}",
    "api.redirected": (
        "The API at {address} redirected ({status}) to {target}.\n"
        "The API key is never sent to another address. Check the base URL, and that no proxy redirects the calls."
    ),
    "api.turned-away": "something other than the API refused the call ({words})",
    "api.key-refused": (
        "The API does not accept the key: {words}.\n"
        "Check that the key is complete and still valid. `note-importer doctor` says where it comes from."
    ),
    "api.key-refused@page": (
        "The API does not accept the key: {words}.\n"
        "Check that the key is complete and still valid. You can enter another under Settings."
    ),
    "api.not-permitted": (
        "The API does not permit this: {words}.\n"
        "The key is valid, but its owner has no permission. Ask an administrator of the Saleshandy account for the permission, or use another member's key. Delivered notes are recorded."
    ),
    "api.wrong-call": (
        "The API does not know a field that this version of note-importer sends: {words}.\n"
        "This is a fault of the program, not of your file. Nothing more was sent. Install a newer version, or report the fault with these words."
    ),
    "api.other-json": "its reply is not the expected JSON",
    "api.no-payload": "its reply can't be read: the API's reference describes 'payload', but {names} came",
    "api.reply-without-end": "the reply was too long",
    "api.reply-broke-off": "the reply broke off ({error})",
    "api.lost": "the connection was lost before the API answered: {error}",
    "api.connection-refused": "the connection was refused",
    "api.unreachable": "{place} could not be reached: {error}",
    "api.unreachable-by-proxy": "{place} could not be reached through the proxy {proxy}: {error}",
    "api.certificates-gone": "The certificate file {path}, named by REQUESTS_CA_BUNDLE, no longer exists.",
    "api.certificate-not-accepted": (
        "The certificate of {whose} is not accepted: {why}.\n"
        "If your network inspects encrypted traffic, ask for its certificate file, and name it in the environment variable REQUESTS_CA_BUNDLE. Otherwise check the date of this computer."
    ),
    "api.no-secure-connection": (
        "No secure connection to {whose} is possible ({why}). It may require a client certificate, not support https, or support only outdated encryption.\n"
        "Check the base URL. If there is a proxy, check whether its address begins with http://."
    ),
    "api.proxy-wants-login": (
        "The proxy {proxy} requires a user name and password, or refuses those it was given (407).\n"
        "Put them into {origin}, as http://name:password@host:port."
    ),
    "proxy.system": "the system's settings",
    "proxy.bad-address": (
        "The proxy address from {origin} can't be used.\n"
        "Write it like http://proxy.example:3128, or http://name:password@proxy.example:3128. In a name or password, write / as %2F, # as %23, ? as %3F, @ as %40, : as %3A and % as %25."
    ),
    "proxy.no-socks": (
        "The proxy {proxy}, from {origin}, is a SOCKS proxy, which needs an extra package.\n"
        "Install it: pip install pysocks (with pipx: pipx inject note-importer pysocks). Or name an http proxy."
    ),
    "proxy.no-certificates": (
        "The certificate file {path}, named by the environment variable {name}, does not exist, or contains no readable certificate.\n"
        "Correct the variable, or remove it."
    ),
    "doubt": "{before}, and {why}",
}
