"""The bank account for refunds: the person's to give and to take back, once they have proved anew that it is them."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from identity.accounts.freshness import fresh
from identity.accounts.models import User
from identity.profile import flows
from identity.profile.errors import Unusable
from identity.profile.models import ProfileField
from portal.web import profile_rows
from services import languages
from services.forms import fields, schema

NAME = ProfileField.Name.BANK_ACCOUNT
_FORM = schema.build(
    {
        "bank": schema.field(
            "text",
            titles={"en": "Bank code", "zh-hant": "銀行編號", "zh-hans": "银行代码"},
            hints={
                "en": "Three digits, such as 004. It is on your card or statement.",
                "zh-hant": "三個數字，例如004。銀行卡或月結單上可以找到。",
                "zh-hans": "三位数字，例如004。银行卡或月结单上可以找到。",
            },
        ),
        "account": schema.field(
            "text",
            titles={"en": "Account number", "zh-hant": "戶口號碼", "zh-hans": "账户号码"},
            hints={
                "en": "With the branch, 6 to 12 digits.",
                "zh-hant": "連同分行編號，6至12個數字。",
                "zh-hans": "连同分行代码，6至12位数字。",
            },
        ),
    },
    optional=["bank", "account"],
)


@never_cache
@fresh(minutes=15)
@require_http_methods(["GET", "HEAD", "POST"])
def bank(request: HttpRequest) -> HttpResponse:
    """Both fields empty take it back. What is kept is not shown again in full."""
    assert isinstance(request.user, User)
    data: dict[str, Any] = {}
    is_wrong = False
    if request.method == "POST":
        data = fields.decode(_FORM, request.POST.dict())
        is_wrong = not _keep(request.user, data)
        if not is_wrong:
            return redirect(f"{reverse('web:profile')}?saved")
    held = flows.read(request.user, only=[NAME]).get(NAME)
    message = _("Enter three digits for the bank, and 6 to 12 digits for the account. Empty both to take them back.")
    context = {
        "fields": fields.render(_FORM, data=data, errors=(), profile={}, language=languages.current()),
        "errors": [("bank", message)] if is_wrong else [],
        "held": profile_rows.value_of(held) if held else "",
    }
    return render(request, "web/bank.html", context, status=422 if is_wrong else 200)


def _keep(person: User, data: dict[str, Any]) -> bool:
    """Whether it could be kept, or taken back."""
    told = {part: "".join(str(data.get(part, "")).replace("-", "").split()) for part in ("bank", "account")}
    if not any(told.values()):
        flows.forget(person, NAME)
        return True
    try:
        flows.store(person, NAME, told, source=ProfileField.Source.PERSON, checked_on=timezone.localdate())
    except Unusable:
        return False
    return True
