#!/usr/bin/python3
"""A real SMTP server on loopback for tests. Prints its port, then stores each message as FOLDER/N.eml and its envelope
as FOLDER/N.json (written last). Recipients whose local part is "unknown" get 550, "later" 451."""
import argparse
import asyncio
import json
import pathlib
import ssl

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword


class Store:
    def __init__(self, folder: pathlib.Path, reject_data: bool) -> None:
        self.folder = folder
        self.reject_data = reject_data
        self.count = 0

    async def handle_RCPT(self, server, session, envelope, address, options):
        local = address.split("@")[0]
        if local == "unknown":
            return "550 5.1.1 no such user"
        if local == "later":
            return "451 4.2.0 try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        if self.reject_data:
            return "554 5.7.1 refused"
        self.count += 1
        (self.folder / f"{self.count}.eml").write_bytes(envelope.original_content)
        facts = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "tls": session.ssl is not None,
            "user": session.auth_data.login.decode() if session.auth_data else None,
        }
        target = self.folder / f"{self.count}.json"
        target.with_suffix(".part").write_text(json.dumps(facts))
        target.with_suffix(".part").rename(target)
        return f"250 2.0.0 queued as {self.count}"


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--certificate")
    parser.add_argument("--key")
    parser.add_argument("--tls", choices=["none", "starttls", "tls"], default="none")
    parser.add_argument("--login", help="USER:PASSWORD")
    parser.add_argument("--reject-data", action="store_true")
    options = parser.parse_args()
    context = None
    if options.tls != "none":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(options.certificate, options.key)

    def check(server, session, envelope, mechanism, data):
        user, _, password = options.login.partition(":")
        good = isinstance(data, LoginPassword) and data.login.decode() == user and data.password.decode() == password
        return AuthResult(success=good, handled=False, auth_data=data)

    handler = Store(options.folder, options.reject_data)
    extra = {}
    if options.tls == "starttls":
        extra |= {"tls_context": context, "require_starttls": True}
    if options.login:
        extra |= {"authenticator": check, "auth_required": True, "auth_require_tls": options.tls == "starttls"}
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(handler, hostname="test.local", **extra), "127.0.0.1", 0, ssl=context if options.tls == "tls" else None
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main())
