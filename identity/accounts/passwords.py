"""What a password may not consist of: the words that everybody tries first at this portal (docs/security.md)."""

import re
import unicodedata

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

WORDS = (
    "ferry", "一渡通", "iamsmart", "智方便", "hongkong", "香港", "government", "gov", "政府", "citizen",
    "password", "密碼", "密码", "welcome", "letmein", "qwerty",
)  # fmt: skip
LEAST_BESIDE = 6  # letters and digits that a password must have beside these words and the digits at its end


class ContextWordsValidator:
    """Refuses a password that is little more than such words; written in any case, with any signs between them."""

    def validate(self, password: str, user: object = None) -> None:
        """Raises ValidationError."""
        plain = re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", password).casefold())
        rest = re.sub("|".join(WORDS), "", plain)
        if rest != plain and len(re.sub(r"\d+$", "", rest)) < LEAST_BESIDE:
            raise ValidationError(self.get_help_text(), code="password_context_words")

    def get_help_text(self) -> str:
        return _("Choose something else: whoever guesses begins with the name of this portal and words like it.")
