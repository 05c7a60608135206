"""Rows for tests. Each is complete and valid by itself; traits and `__` name what a test is about.

ServiceFunctionFactory()                              published, over REST, with version 1
ServiceFunctionFactory(version__action="pay")         the same, with another version
ServiceFunctionFactory(version=False)                 a draft without a version
OfficerFactory(department=department)                 signed in by client.force_login
"""

from typing import Any, Protocol, TypeVar, cast

from django.conf import settings
from django.contrib.auth.models import Group
from factory.declarations import LazyAttribute, LazyFunction, Sequence, SubFactory, Trait
from factory.django import DjangoModelFactory, Password
from factory.helpers import post_generation

from identity.accounts.models import User
from services.forms import profile, schema
from services.registry import defaults, roles
from services.registry.catalogue import backends
from services.registry.models import (
    Backend,
    Department,
    FunctionVersion,
    LegacyApp,
    Membership,
    ServiceFunction,
)

Row = TypeVar("Row")

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


class Maker(Protocol[Row]):
    """What a factory is to its callers: mypy takes `SomeFactory()` for a SomeFactory, but it makes rows."""

    def __call__(self, **values: Any) -> Row: ...

    def build(self, **values: Any) -> Row: ...  # not stored

    def create_batch(self, size: int, **values: Any) -> list[Row]: ...


def _maker(factory: type[DjangoModelFactory[Row]]) -> Maker[Row]:
    return cast(Maker[Row], factory)


class _Users(DjangoModelFactory[User]):
    """A citizen with the password PASSWORD."""

    class Meta:
        model = User
        skip_postgeneration_save = True

    username = Sequence(lambda n: f"person-{n}")
    email = LazyAttribute(lambda user: f"{user.username}@example.hk")
    assurance = "basic"
    password = Password(PASSWORD)


class _Departments(DjangoModelFactory[Department]):
    class Meta:
        model = Department

    code = Sequence(lambda n: f"dept{n}")
    kind = Department.Kind.DEPARTMENT
    name_en = LazyAttribute(lambda row: f"Department {row.code}")
    name_zh_hant = LazyAttribute(lambda row: f"{row.code}署")
    name_zh_hans = LazyAttribute(lambda row: f"{row.code}署（简）")


class _Officers(_Users):
    """An officer; `department=` is theirs, and a new one if not given."""

    is_staff = True

    @post_generation  # type: ignore[untyped-decorator]
    def department(self: User, create: bool, extracted: Department | None, **kwargs: Any) -> None:
        department = extracted or _Departments.create(**kwargs)
        Membership.objects.create(user=self, department=department)
        self.groups.add(roles.ensure()[0])


class _Operators(_Users):
    """Someone of operations."""

    is_staff = True

    @post_generation  # type: ignore[untyped-decorator]
    def operations(self: User, create: bool, extracted: Group | None, **kwargs: Any) -> None:
        self.groups.add(roles.ensure()[1])


class _LegacyApps(DjangoModelFactory[LegacyApp]):
    class Meta:
        model = LegacyApp

    code = Sequence(lambda n: f"app-{n}")
    department = SubFactory(_Departments)
    status = LegacyApp.Status.LIVE
    name_en = LazyAttribute(lambda row: f"App {row.code}")
    name_zh_hant = LazyAttribute(lambda row: f"{row.code}應用程式")


class _Backends(DjangoModelFactory[Backend]):
    """Idempotent REST with look-up, at the twins' address; the traits `soap` and `records` are neither."""

    class Meta:
        model = Backend

    class Params:
        soap = Trait(
            connector="soap",
            is_idempotent=False,
            settings={"wsdl": "service?wsdl", "lookup_operation": "FindByReceipt", "probe_operation": "Ping"},
        )

        records = Trait(
            connector="fixed-width",
            is_idempotent=False,
            address=LazyAttribute(lambda row: backends.address_of(row.code, "fixed-width")),
            settings=LazyAttribute(lambda row: backends.manners_of(row.code, "fixed-width")["settings"]),
        )

    department = SubFactory(_Departments)
    connector = "rest"
    code = LazyAttribute(lambda row: f"{row.department.code}-{row.connector}")
    address = LazyAttribute(lambda row: f"{settings.TWINS_URL}/{row.code}/")
    settings = LazyFunction(
        lambda: {
            "health_path": "health",
            "lookup_path": "v1/receipts/{receipt}",
            "idempotency_header": "Idempotency-Key",
        }
    )
    is_idempotent = True
    has_lookup = True


class _FunctionVersions(DjangoModelFactory[FunctionVersion]):
    """A draft; give `state` and who submitted and reviewed it for anything further."""

    class Meta:
        model = FunctionVersion

    function = SubFactory("tests.factories._ServiceFunctions", version=False)
    number = LazyAttribute(lambda row: row.function.versions.count() + 1)
    name_en = LazyAttribute(lambda row: f"Renew {row.function.code}")
    name_zh_hant = LazyAttribute(lambda row: f"續領{row.function.code}")
    name_zh_hans = LazyAttribute(lambda row: f"续领{row.function.code}")
    summary_en = "Send your form and follow it to the decision."
    summary_zh_hant = "網上遞交表格，並跟進至有結果。"
    summary_zh_hans = "网上提交表格，并跟进至有结果。"
    category = FunctionVersion.Category.GOVERNMENT
    audience = LazyFunction(lambda: ["citizen"])
    action = "apply"
    assurance = "basic"
    backend = LazyAttribute(
        lambda row: (
            Backend.objects.filter(department=row.function.department).first()
            or _Backends.create(department=row.function.department)
        )
    )
    form = LazyAttribute(lambda row: form_for(action=row.action, assurance=row.assurance))
    request_map = LazyAttribute(
        lambda row: defaults.request_map(row.backend.connector, row.function.code, row.action, row.form)
    )
    answer_map = LazyAttribute(lambda row: defaults.answer_map(row.backend.connector, row.action))


class _ServiceFunctions(DjangoModelFactory[ServiceFunction]):
    """Published with an approved version 1, which `version__...` describes; `version=False`: a bare draft."""

    class Meta:
        model = ServiceFunction
        skip_postgeneration_save = True

    department = SubFactory(_Departments)
    code = Sequence(lambda n: f"function-{n}")

    @post_generation  # type: ignore[untyped-decorator]
    def version(self: ServiceFunction, create: bool, extracted: Any, **values: Any) -> None:
        if extracted is False:
            return
        self.published = _FunctionVersions.create(function=self, state="approved", **values)
        self.state = ServiceFunction.State.PUBLISHED
        self.save()


UserFactory = _maker(_Users)
DepartmentFactory = _maker(_Departments)
OfficerFactory = _maker(_Officers)
OperatorFactory = _maker(_Operators)
LegacyAppFactory = _maker(_LegacyApps)
BackendFactory = _maker(_Backends)
FunctionVersionFactory = _maker(_FunctionVersions)
ServiceFunctionFactory = _maker(_ServiceFunctions)


def version_of(function: ServiceFunction) -> FunctionVersion:
    """What citizens see of it."""
    assert function.published is not None
    return function.published
