"""Rows for tests. Each is complete and valid by itself; traits and `__` name what a test is about.

ServiceFunctionFactory()                              published, over REST, with version 1
ServiceFunctionFactory(version__action="pay")         the same, with another version
ServiceFunctionFactory(version=False)                 a draft without a version
OfficerFactory(department=department)                 signed in by client.force_login
"""

from typing import Any

import factory
from django.conf import settings
from django.contrib.auth.models import Group
from factory.django import DjangoModelFactory

from identity.accounts.models import User
from services.forms import profile, schema
from services.registry import defaults, roles
from services.registry.models import (
    Backend,
    Department,
    FunctionVersion,
    LegacyApp,
    Membership,
    ServiceFunction,
)

PASSWORD = "a-quiet-crossing"


def form_for(spec: str = "topic:text", *, action: str = "apply", assurance: str = "basic") -> dict[str, Any]:
    """A form as the catalogue describes it (`name:type;name:choice(a|b)`), every label being the field's name."""
    names = [part.partition(":")[0] for part in spec.split(";") if part]
    words = {
        name: schema.Words({"en": name.capitalize(), "zh-hant": f"{name}（繁）", "zh-hans": f"{name}（简）"})
        for name in names
    }
    own = schema.from_catalogue(spec, words)
    return schema.build(profile.ask(own, action=action, assurance=assurance))


class UserFactory(DjangoModelFactory[User]):
    """A citizen with the password PASSWORD."""

    class Meta:
        model = User
        skip_postgeneration_save = True

    username = factory.Sequence(lambda n: f"person-{n}")
    email = factory.LazyAttribute(lambda user: f"{user.username}@example.hk")
    assurance = "basic"
    password = factory.django.Password(PASSWORD)


class DepartmentFactory(DjangoModelFactory[Department]):
    class Meta:
        model = Department

    code = factory.Sequence(lambda n: f"dept{n}")
    kind = Department.Kind.DEPARTMENT
    name_en = factory.LazyAttribute(lambda row: f"Department {row.code}")
    name_zh_hant = factory.LazyAttribute(lambda row: f"{row.code}署")
    name_zh_hans = factory.LazyAttribute(lambda row: f"{row.code}署（简）")


class OfficerFactory(UserFactory):
    """An officer; `department=` is theirs, and a new one if not given."""

    is_staff = True

    @factory.post_generation
    def department(self: User, create: bool, extracted: Department | None, **kwargs: Any) -> None:
        department = extracted or DepartmentFactory(**kwargs)
        Membership.objects.create(user=self, department=department)
        self.groups.add(roles.ensure()[0])


class OperatorFactory(UserFactory):
    """Someone of operations."""

    is_staff = True

    @factory.post_generation
    def operations(self: User, create: bool, extracted: Group | None, **kwargs: Any) -> None:
        self.groups.add(roles.ensure()[1])


class LegacyAppFactory(DjangoModelFactory[LegacyApp]):
    class Meta:
        model = LegacyApp

    code = factory.Sequence(lambda n: f"app-{n}")
    department = factory.SubFactory(DepartmentFactory)
    status = LegacyApp.Status.LIVE
    name_en = factory.LazyAttribute(lambda row: f"App {row.code}")
    name_zh_hant = factory.LazyAttribute(lambda row: f"{row.code}應用程式")


class BackendFactory(DjangoModelFactory[Backend]):
    """Idempotent REST with look-up, at the twins' address; the trait `soap` is neither idempotent nor REST."""

    class Meta:
        model = Backend

    class Params:
        soap = factory.Trait(
            connector="soap",
            is_idempotent=False,
            settings={"wsdl": "service?wsdl", "lookup_operation": "FindByReceipt", "probe_operation": "Ping"},
        )

    department = factory.SubFactory(DepartmentFactory)
    connector = "rest"
    code = factory.LazyAttribute(lambda row: f"{row.department.code}-{row.connector}")
    address = factory.LazyAttribute(lambda row: f"{settings.TWINS_URL}/{row.code}/")
    settings = factory.LazyFunction(
        lambda: {
            "health_path": "health",
            "lookup_path": "v1/receipts/{receipt}",
            "idempotency_header": "Idempotency-Key",
        }
    )
    is_idempotent = True
    has_lookup = True


class FunctionVersionFactory(DjangoModelFactory[FunctionVersion]):
    """A draft; give `state` and who submitted and reviewed it for anything further."""

    class Meta:
        model = FunctionVersion

    function = factory.SubFactory("tests.factories.ServiceFunctionFactory", version=False)
    number = factory.LazyAttribute(lambda row: row.function.versions.count() + 1)
    name_en = factory.LazyAttribute(lambda row: f"Renew {row.function.code}")
    name_zh_hant = factory.LazyAttribute(lambda row: f"續領{row.function.code}")
    name_zh_hans = factory.LazyAttribute(lambda row: f"续领{row.function.code}")
    summary_en = "Send your form and follow it to the decision."
    summary_zh_hant = "網上遞交表格，並跟進至有結果。"
    summary_zh_hans = "网上提交表格，并跟进至有结果。"
    category = FunctionVersion.Category.GOVERNMENT
    audience = factory.LazyFunction(lambda: ["citizen"])
    action = "apply"
    assurance = "basic"
    backend = factory.LazyAttribute(
        lambda row: (
            Backend.objects.filter(department=row.function.department).first()
            or BackendFactory(department=row.function.department)
        )
    )
    form = factory.LazyAttribute(lambda row: form_for(action=row.action, assurance=row.assurance))
    request_map = factory.LazyAttribute(
        lambda row: defaults.request_map(row.backend.connector, row.function.code, row.action, row.form)
    )
    answer_map = factory.LazyAttribute(lambda row: defaults.answer_map(row.backend.connector, row.action))


class ServiceFunctionFactory(DjangoModelFactory[ServiceFunction]):
    """Published with an approved version 1, which `version__...` describes; `version=False`: a bare draft."""

    class Meta:
        model = ServiceFunction
        skip_postgeneration_save = True

    department = factory.SubFactory(DepartmentFactory)
    code = factory.Sequence(lambda n: f"function-{n}")

    @factory.post_generation
    def version(self: ServiceFunction, create: bool, extracted: Any, **values: Any) -> None:
        if extracted is False:
            return
        self.published = FunctionVersionFactory(function=self, state="approved", **values)
        self.state = ServiceFunction.State.PUBLISHED
        self.save()
