from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client

from identity.accounts.models import User
from services.registry.models import Backend, Department, ServiceFunction
from tests.factories import BackendFactory, DepartmentFactory, OfficerFactory, ServiceFunctionFactory


@dataclass
class Desk:
    """A department with two officers and a published function."""

    department: Department
    backend: Backend
    function: ServiceFunction
    officer: User
    approver: User
    browser: Client  # the officer's
    other: Client  # the approver's

    def sheet(self, **changed: Any) -> dict[str, Any]:
        """The page of a new function as a browser posts it, without questions."""
        return {
            "department": self.department.code,
            "name_en": "Borrow a bell",
            "name_zh_hant": "借用渡輪鐘",
            "name_zh_hans": "",
            "summary_en": "Ask for a bell.",
            "summary_zh_hant": "申請借用鐘。",
            "summary_zh_hans": "",
            "keywords": "bell, 叮叮",
            "category": "transport",
            "action": "apply",
            "assurance": "none",
            "audience": ["citizen"],
            "fee_hkd": "12.50",
            "backend": self.backend.pk,
            "form_as": "rows",
            "rows": "",
            "request_standard": "on",
            "answer_standard": "on",
            "act": "save",
            **changed,
        }

    def address(self, page: str = "", function: ServiceFunction | None = None) -> str:
        return f"/admin/functions/{(function or self.function).code}/{page}"


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def row(number: int, **said: str) -> dict[str, str]:
    """One question as a browser posts it."""
    usual = {
        "kind": "text",
        "kind-before": "text",
        "title-en": "Colour",
        "title-zh-hant": "顏色",
        "required": "on",
    }
    return {f"row-{number}-{key}": text for key, text in (usual | said).items()}


@pytest.fixture
def desk(db: None) -> Desk:
    department = DepartmentFactory(code="td")
    backend = BackendFactory(department=department)
    function = ServiceFunctionFactory(department=department, code="td-note", version__backend=backend)
    officer = OfficerFactory(department=department, first_name="Wing Yan", last_name="Lee")
    approver = OfficerFactory(department=department, first_name="Ka Ho", last_name="Wong")
    return Desk(department, backend, function, officer, approver, browser(officer), browser(approver))
