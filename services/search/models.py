"""The index of the published functions: which term stands in which function, and how much it says there."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models

from services.registry.models import Department, ServiceFunction


class Document(models.Model):
    """One function as search sees it. Made anew from its published version; never edited."""

    function = models.OneToOneField(
        ServiceFunction, on_delete=models.CASCADE, primary_key=True, related_name="document"
    )
    department = models.ForeignKey(Department, on_delete=models.CASCADE, related_name="+")
    category = models.CharField(max_length=30)
    action = models.CharField(max_length=20)
    audience = ArrayField(models.CharField(max_length=20))
    prior = models.FloatField()  # how likely it is meant when words do not decide; about 1
    handle = models.TextField()  # code and names, folded, to find what looks alike

    class Meta:
        indexes = [
            GinIndex(fields=["category", "department", "action", "audience"], name="document_facets"),
            GinIndex(OpClass("handle", name="gin_trgm_ops"), name="document_handle_alike"),
        ]

    def __str__(self) -> str:
        return self.handle


class Term(models.Model):
    """A stem, a pair of Chinese characters, a whole keyword (`=lost id card`) or an action (`@renew`)."""

    text = models.CharField(max_length=250)
    documents = models.PositiveIntegerField(default=0)  # that it stands in; the rarer, the more it says

    class Meta:
        constraints = [models.UniqueConstraint(fields=["text"], name="term_once")]

    def __str__(self) -> str:
        return self.text


class Word(models.Model):
    """An English word as it is written, for completing and correcting what is typed."""

    text = models.CharField(max_length=200, primary_key=True)
    term = models.ForeignKey(Term, on_delete=models.CASCADE, related_name="words", db_constraint=False)

    class Meta:
        indexes = [GinIndex(OpClass("text", name="gin_trgm_ops"), name="word_alike")]

    def __str__(self) -> str:
        return self.text


class Posting(models.Model):
    """That a term stands in a function. `weight` says where: 1 in a keyword, less elsewhere."""

    # Without constraints in the database: they would double the time of loading what can be made anew at any time.
    pk = models.CompositePrimaryKey("term", "function")
    term = models.ForeignKey(
        Term, on_delete=models.CASCADE, related_name="postings", db_index=False, db_constraint=False
    )
    function = models.ForeignKey(
        ServiceFunction, on_delete=models.CASCADE, related_name="postings", db_constraint=False
    )
    weight = models.FloatField()

    def __str__(self) -> str:
        return f"{self.term_id} in {self.function_id}"
