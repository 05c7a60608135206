"""The receipt on paper. Its Chinese fonts are Adobe's CID fonts, which every PDF reader knows, so none is shipped."""

from collections.abc import Callable, Iterable, Iterator
from io import BytesIO
from itertools import groupby
from xml.sax.saxutils import escape

from django.utils import timezone
from django.utils.translation import gettext as _
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from identity.signing.models import SignedDocument
from portal.web.sheet import Row
from portal.web.templatetags.ferry import lang_tag, moment
from portal.web.wording import wording
from services import languages
from services.gateway import acting, story
from services.gateway.models import ServiceCall

GREEN = colors.HexColor("#0b5d4e")
INK = colors.HexColor("#1b1f1e")
QUIET = colors.HexColor("#444c49")
LINE = colors.HexColor("#ddd6c6")
MARGIN = 22 * mm
FRAME = 6  # points that reportlab keeps free inside its margins
_TRADITIONAL, _SIMPLIFIED, _LATIN, _LATIN_BOLD = "MSung-Light", "STSong-Light", "Helvetica", "Helvetica-Bold"
_HOLDS = {_TRADITIONAL: "big5hkscs", _SIMPLIFIED: "gbk"}
_CMAPS = {_TRADITIONAL: "UniCNS-UTF16-H", _SIMPLIFIED: "UniGB-UTF16-H"}


class _ChineseFont(UnicodeCIDFont):
    """With the character map that fits the font and holds Hong Kong's own characters (reportlab names another)."""

    def __init__(self, face: str) -> None:
        super().__init__(face)
        self.encodingName = _CMAPS[face]


for _name in _HOLDS:
    pdfmetrics.registerFont(_ChineseFont(_name))

_BODY = ParagraphStyle("body", fontName=_LATIN, fontSize=10.5, leading=15, textColor=INK)
_QUIET = ParagraphStyle("quiet", _BODY, fontSize=9, leading=13, textColor=QUIET)
_TITLE = ParagraphStyle("title", _BODY, fontName=_LATIN_BOLD, fontSize=18, leading=25, textColor=INK)
_HEADING = ParagraphStyle(
    "heading", _BODY, fontName=_LATIN_BOLD, fontSize=13, leading=19, spaceBefore=7 * mm, spaceAfter=2 * mm
)
_NUMBER = ParagraphStyle("number", _BODY, fontName=_LATIN_BOLD, fontSize=15, leading=21, textColor=GREEN)
_DIGEST = ParagraphStyle("digest", _BODY, fontName="Courier", fontSize=10, leading=14)


def write(
    call: ServiceCall,
    rows: Iterable[Row],
    answer: story.Answer | None,
    *,
    deadline: str = "",
    signature: SignedDocument | None = None,
) -> bytes:
    """An A4 document in the language of this request.

    `rows` are what was sent, `deadline` says until when it could, `signature` is what the person signed of it.
    """
    name, department = wording(call.version).text, wording(call.function.department).text
    digest = [call.sent_sha256[start : start + 16] for start in range(0, 64, 16)]
    body: list[Flowable] = [
        _text(_("Receipt"), _QUIET),
        _text(name, _TITLE),
        _text(department, _BODY),
        Spacer(0, 4 * mm),
        _table([
            (_("Receipt number"), [_text(call.receipt, _NUMBER)]),
            (_("Received on"), [_text(moment(call.accepted_at), _BODY), _text(_exact(call), _QUIET)]),
            *([(_("Deadline"), [_text(deadline, _BODY)])] if deadline else []),
            *([(_("Made by"), [_text(made_by, _BODY)])] if (made_by := acting.label(call.mandate)) else []),
            *([(_("Signed by"), _signed(signature))] if signature else []),
            (_("Fingerprint of what was sent (SHA-256)"), [_text(_spaced(line), _DIGEST) for line in digest]),
            (_("Status"), _status(call)),
        ]),
        *_answered(answer),
        _text(_("What was sent"), _HEADING),
        _table([(row.label, _lines(row.value)) for row in rows]),
        Spacer(0, 6 * mm),
        _text(_("This is a demonstration, not a service of any government."), _QUIET),
    ]  # fmt: skip
    target = BytesIO()
    document = SimpleDocTemplate(
        target, pagesize=A4, topMargin=26 * mm, bottomMargin=22 * mm,
        leftMargin=MARGIN - FRAME, rightMargin=MARGIN - FRAME,
        title=f"{_('Receipt')} {call.receipt}", author="Ferry", pdfVersion=(1, 5), lang=lang_tag(languages.current()),
    )  # fmt: skip
    document.build(body, onFirstPage=_frame(call.receipt), onLaterPages=_frame(call.receipt))
    return target.getvalue()


def _signed(signature: SignedDocument) -> list[Flowable]:
    digest = [signature.sha256[start : start + 16] for start in range(0, 64, 16)]
    return [
        _text(signature.signer, _BODY),
        *([_text(moment(signature.signed_at), _QUIET)] if signature.signed_at else []),
        *[_text(_spaced(line), _DIGEST) for line in digest],
    ]


def _status(call: ServiceCall) -> list[Flowable]:
    said = [_text(call.get_status_display(), _BODY)]
    if call.status == ServiceCall.Status.WITHDRAWN and call.finished_at:
        said.append(_text(moment(call.finished_at), _QUIET))
    return said


def _answered(answer: story.Answer | None) -> list[Flowable]:
    if answer is None:
        return []
    said = [_text(_("The department's answer"), _HEADING), _text(answer.title, _BODY), _text(answer.message, _BODY)]
    if not answer.items:
        return said
    return [*said, Spacer(0, 2 * mm), _table([(item.label, _lines(item.value)) for item in answer.items])]


def _exact(call: ServiceCall) -> str:
    at = timezone.localtime(call.accepted_at)
    return _("%(moment)s, Hong Kong time") % {"moment": f"{at:%Y-%m-%d %H:%M:%S}"}


def _spaced(line: str) -> str:
    return " ".join(line[start : start + 4] for start in range(0, len(line), 4))


def _lines(value: str | list[str]) -> list[Flowable]:
    lines = value if isinstance(value, list) else value.splitlines()
    return [_text(line, _BODY) for line in lines] or [_text(_("Not given"), _QUIET)]


def _table(rows: list[tuple[str, list[Flowable]]]) -> Table:
    table = Table(
        [[_text(label, _QUIET), value] for label, value in rows],
        colWidths=[52 * mm, 114 * mm],
        hAlign="LEFT",
        splitInRow=1,
    )
    table.setStyle(
        TableStyle([
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("LEFTPADDING", (0, 0), (0, -1), 0),
            ("TOPPADDING", (0, 0), (-1, -1), 4),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 5),
            ("LINEABOVE", (0, 0), (-1, -1), 0.5, LINE),
            ("LINEBELOW", (0, -1), (-1, -1), 0.5, LINE),
        ])
    )  # fmt: skip
    return table


def _text(text: str, style: ParagraphStyle) -> Paragraph:
    """Chinese wraps between any two characters, English between words."""
    is_chinese = any(map(_font_of, text))
    wrapped = ParagraphStyle(style.name, style, wordWrap="CJK") if is_chinese else style
    return Paragraph("".join(_marked_up(text)), wrapped)


def _marked_up(text: str) -> Iterator[str]:
    """Runs of letters in the style's own Latin font, runs of Chinese in a font that holds them."""
    for font, run in groupby(text, key=_font_of):
        letters = escape("".join(run))
        yield f'<font name="{font}">{letters}</font>' if font else letters


def _font_of(letter: str) -> str:
    """Empty for the Latin font. Punctuation that both have is of the page's language, and so is a character."""
    language = languages.current()
    if letter.isascii() or (language == "en" and _fits(letter, "cp1252")):
        return ""
    fonts = [_SIMPLIFIED, _TRADITIONAL] if language == "zh-hans" else [_TRADITIONAL, _SIMPLIFIED]
    found = next((font for font in fonts if _fits(letter, _HOLDS[font])), None)
    if found is None:
        return "" if _fits(letter, "cp1252") else fonts[0]
    return found


def _fits(letter: str, encoding: str) -> bool:
    try:
        letter.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def _frame(receipt: str) -> Callable[[Canvas, SimpleDocTemplate], None]:
    """Draws what stands around every page."""

    def draw(canvas: Canvas, document: SimpleDocTemplate) -> None:
        width, height = A4
        canvas.saveState()
        canvas.setFillColor(GREEN)
        canvas.setFont(_LATIN_BOLD, 12)
        canvas.drawString(MARGIN, height - 16 * mm, "Ferry")
        canvas.setFont(_TRADITIONAL, 12)
        canvas.drawString(MARGIN + 14 * mm, height - 16 * mm, "一渡通")
        canvas.setStrokeColor(GREEN)
        canvas.setLineWidth(1.2)
        canvas.line(MARGIN, height - 19 * mm, width - MARGIN, height - 19 * mm)
        canvas.setFillColor(QUIET)
        canvas.setFont(_LATIN, 8.5)
        canvas.drawString(MARGIN, 13 * mm, receipt)
        canvas.drawRightString(width - MARGIN, 13 * mm, str(document.page))
        canvas.restoreState()

    return draw
