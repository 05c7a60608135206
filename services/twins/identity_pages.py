"""The pages of the demonstration identity app: the phone's, and the one with the QR code."""

import base64
import io
from html import escape
from typing import Any

import qrcode
from aiohttp import web
from qrcode.image.svg import SvgPathImage

from services.twins.identity_book import Ask, Book
from services.twins.identity_people import PEOPLE, Person
from services.twins.identity_wire import digits
from services.twins.identity_words import LANGUAGES, TAGS, say

STYLE = """
:root{color-scheme:light dark;--ink:#1d1b33;--paper:#fff;--ground:#f1effa;--own:#3b2f9e;--on-own:#fff;--line:#8b86b5}
@media (prefers-color-scheme:dark){:root{--ink:#eceaf8;--paper:#1c1a2b;--ground:#12111d;--own:#b9b0ff;--on-own:#15122b}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);
font:18px/1.6 system-ui,"PingFang HK","Noto Sans HK",sans-serif}
main{max-width:26rem;margin:0 auto;min-height:100vh;background:var(--paper);padding:1rem 1.25rem 2rem}
header{color:var(--own);font-weight:700}h1{font-size:1.4rem;line-height:1.3;margin:.75rem 0}
.note,.hint{font-size:.9rem}.note{border-top:1px solid var(--line);margin-top:2rem;padding-top:.75rem}
button,.button{display:block;width:100%;min-height:3rem;padding:.5rem 1rem;margin:.6rem 0;font:inherit;
text-align:center;
border:2px solid var(--own);border-radius:.6rem;background:none;color:var(--own);cursor:pointer;text-decoration:none}
button.main{background:var(--own);color:var(--on-own)}a{color:var(--own)}
:focus-visible{outline:3px solid var(--ink);outline-offset:2px}
.code{font-size:3rem;letter-spacing:.4em;font-weight:700;margin:.25rem 0;font-variant-numeric:tabular-nums}
dl{margin:0}dt{font-weight:700}dd{margin:0 0 .5rem;overflow-wrap:anywhere}
.qr{background:#fff;padding:1rem;max-width:16rem;margin:1rem auto;display:block}
.qr img{display:block;width:100%;height:auto}.address{overflow-wrap:anywhere}
"""
POLL_SECONDS = 2


def page(title: str, content: str, language: str, *, refresh: bool = False, status: int = 200) -> web.Response:
    """A whole page; it asks for itself again every two seconds if told to."""
    again = f'<meta http-equiv="refresh" content="{POLL_SECONDS}">' if refresh else ""
    text = (
        f'<!doctype html><html lang="{TAGS.get(language, "en")}"><head><meta charset="utf-8">{again}'
        f"<title>{escape(title)} – {escape(say('app', language))}</title>"
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f"<style>{STYLE}</style></head><body><main><header>{escape(say('app', language))}</header>"
        f'<h1>{escape(title)}</h1>{content}<p class="note">{escape(say("note", language))}</p></main></body></html>'
    )
    headers = {
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Frame-Options": "DENY",
        "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'",
    }
    return web.Response(text=text, status=status, content_type="text/html", headers=headers)


def scan(book: Book, ask: Ask) -> web.Response:
    """On the other screen: the code that the phone scans, which goes on by itself."""
    address = f"{book.address}/app/asks/{ask.id}"
    image = qrcode.make(address, image_factory=SvgPathImage, border=2)
    drawn = io.BytesIO()
    image.save(drawn)
    source = "data:image/svg+xml;base64," + base64.b64encode(drawn.getvalue()).decode()
    words = [escape(say(word, ask.language)) for word in ("scan_text", "scan", "address")]
    content = (
        f'<p>{words[0]}</p><div class="qr"><img src="{source}" alt="{words[1]}"></div>{_code(book, ask)}'
        f'<p class="hint">{words[2]} <a class="address" href="{escape(address)}">{escape(address)}</a></p>'
    )
    return page(f"{say(ask.kind, ask.language)}: {say('scan', ask.language)}", content, ask.language, refresh=True)


def home(book: Book, person: Person | None, language: str) -> web.Response:
    """The phone: who is its owner, and what waits for them."""
    if person is None:
        return page(say("who", language), _people(language, "/app/person", ""), language)
    waiting = "".join(
        f'<a class="button" href="/app/asks/{ask.id}">'
        f"{escape(book.service.name)}: {escape(say(ask.kind, language))}</a>"
        for ask in book.waiting_for(person)
    )
    content = waiting or f"<p>{escape(say('nothing', language))}</p>"
    return page(say("waiting", language), content + _me(person, language, ""), language, refresh=True)


def ask_page(book: Book, ask: Ask, person: Person | None) -> web.Response:
    """One request, whole, with the buttons."""
    language = ask.language
    if ask.outcome or ask.is_late:
        return page(say(ask.kind, language), f"<p>{escape(say('over', language))}</p>", language)
    if person is None:
        return page(say("who", language), _people(language, "/app/person", ask.id), language)
    if ask.person not in {None, person}:
        text = f"<p>{escape(say('not_yours', language))}</p>{_me(person, language, ask.id)}"
        return page(say(ask.kind, language), text, language, status=403)
    lead = f"<p><strong>{escape(book.service.name)}</strong> {escape(say('asks', language))}</p>"
    buttons = "".join(
        f'<button name="do" value="{act}"{" class=main" if act == "approve" else ""}>'
        f"{escape(say(act, language))}</button>"
        for act in ("approve", "refuse", "cancel")
    )
    content = (
        f"{lead}{_content(ask)}{_code(book, ask)}<p class=hint>{escape(say('warn', language))}</p>"
        f'<form method="post" action="/app/asks/{ask.id}">{buttons}</form>{_me(person, language, ask.id)}'
    )
    return page(say(ask.kind, language), content, language)


def done(ask: Ask) -> web.Response:
    """After the button, where the person goes on at another screen."""
    word = "approved" if ask.outcome == "approved" else "refused"
    back = '<p><a href="/app/">←</a></p>'
    return page(say(ask.kind, ask.language), f"<p>{escape(say(word, ask.language))}</p>{back}", ask.language)


def _content(ask: Ask) -> str:
    names = [*ask.content.get("profileFields", []), *ask.content.get("eMEFields", [])]
    rows: list[tuple[str, Any]] = []
    if ask.kind == "signing":
        rows = [
            (say("document", ask.language), ask.content.get("documentName", "")),
            (say("for", ask.language), f"{ask.content.get('serviceName', '')} – {ask.content.get('department', '')}"),
        ]
    listed = "".join(f"<li>{escape(say(name, ask.language))}</li>" for name in names)
    fields = f"<p>{escape(say('fields', ask.language))}</p><ul>{listed}</ul>" if names else ""
    facts = "".join(f"<dt>{escape(label)}</dt><dd>{escape(str(value))}</dd>" for label, value in rows)
    return fields + (f"<dl>{facts}</dl>" if facts else "")


def _code(book: Book, ask: Ask) -> str:
    if ask.kind != "signing" or ask.person is None:
        return ""
    digest = base64.b64decode(ask.content["hashCode"])
    code = digits(digest, ask.person.open_id(book.service.client_id))
    return f'<p>{escape(say("code", ask.language))}</p><p class="code" id="code">{code}</p>'


def _people(language: str, action: str, ask: str) -> str:
    choices = "".join(
        f'<button name="person" value="{each.code}">{escape(each.name)} {escape(each.chinese_name)}'
        f"{'' if each.has_plus else ' ' + escape(say('no_plus', language))}</button>"
        for each in PEOPLE.values()
    )
    others = " · ".join(
        f'<a lang="{TAGS[each]}" href="/app/?lang={each}">{name}</a>'
        for each, name in zip(LANGUAGES, ("English", "繁體", "简体"), strict=True)
    )
    hidden = f'<input type="hidden" name="ask" value="{escape(ask)}">'
    return f'<form method="post" action="{action}">{hidden}{choices}</form>' + ("" if ask else f"<p>{others}</p>")


def _me(person: Person, language: str, ask: str) -> str:
    return (
        f'<form method="post" action="/app/person"><input type="hidden" name="ask" value="{escape(ask)}">'
        f"<p class=hint>{escape(say('me', language))} {escape(person.name)}</p>"
        f'<button name="person" value="">{escape(say("other", language))}</button></form>'
    )
