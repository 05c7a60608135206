"""English word endings taken off, so that renewing, renewal and renew are one word.

Lighter than Porter's stemmer and tuned to the vocabulary of offices; what counts is only that the
same is done to a function's words and to a person's.
"""

import re
from functools import lru_cache

# Families that the endings below would part or would throw together with others.
FAMILIES = {
    "licens": "licence licences license licenses licensing licensee",
    "licensed": "licensed unlicensed",  # said of someone who is checked, not of the paper that is wanted
    "registered": "registered unregistered",
    "appli": "apply applies applied applying application applications applicant applicants",
    "regist": "register registers registering registration registrations registrar registry",
    "marri": "marry married marries marriage marrying",
    "die": "die died dies dying dead death deaths deceased",
    "tax": "tax taxes taxed taxation taxman",
    "pay": "pay pays paid paying payment payments payable",
    "steal": "steal stolen stole stealing",
    "lose": "lose lost losing loss misplaced mislaid",
    "sell": "sell sold selling sells seller",
    "buy": "buy bought buying buys buyer purchase purchased purchasing",
    "birth": "birth births born",
    "complain": "complain complaint complaints complained complaining",
    "adopt": "adopt adopted adoption adopting",
    "elder": "elder elders elderly",
    "child": "child children",
    "woman": "woman women",
    "man": "man men",
    "vote": "vote voter voters voting votes",
    "drive": "drive driver drivers driving drives drove",
    "own": "own owner owners owned ownership owning",
    "employ": "employ employer employers employed employment employing",
    "immigrat": "immigrate immigration immigrant immigrants",
    "emigrat": "emigrate emigration emigrating",
    "pension": "pension pensions pensioner pensioners",
    "pollut": "pollute pollution polluted polluting",
    "retir": "retire retired retiring retirement",
    "career": "career careers",
    "carer": "carer carers caregiver caregivers",
    "build": "build built builds",
    "break": "break broke broken breaks breaking",
    "burn": "burn burns burned burnt burning",
    "send": "send sent sends sending",
    "teach": "teach taught teaches",
    "bring": "bring brought brings bringing",
    "win": "win won wins winning",
    "wine": "wine wines",
    "move": "move moved moving moves",
    "rent": "rent rents rental rentals renting rented",
    "injur": "injure injured injury injuries injuring",
    "news": "news",
    "bus": "bus buses",
    "gas": "gas",
    "university": "university universities",
    "universal": "universal",
    "organ": "organ organs",
    "organis": "organisation organization organisations organizations",
    "station": "station stations",
    "nation": "nation national nationality",
    "ration": "ration",
    "medic": "medicine medicines medical medication medications",
    "compani": "company companies",
    "general": "general",
    "hospital": "hospital hospitals",
    "animal": "animal animals",
    "journal": "journal",
    "local": "local",
    "legal": "legal",
    "accident": "accident accidents",
    "resid": "resident residents residence residential residency residing",
    "depart": "depart departure departures departing",
    "department": "department departments",
    "apartment": "apartment apartments",
    "corner": "corner",
    "computer": "computer computers computing compute",
    "program": "programme programmes program programs",
    "centr": "centre centres center centers",
    "grey": "grey gray",
    "tyre": "tyre tire",
}
IRREGULAR = {word: family for family, words in FAMILIES.items() for word in words.split()}
VOWEL = re.compile(r"[aeiouy]")
ENDINGS = (
    ("ational", "at"), ("isation", ""), ("ization", ""), ("ation", ""), ("ition", ""), ("ion", ""),
    ("ance", ""), ("ence", ""), ("ment", ""), ("ness", ""), ("ly", ""), ("al", ""), ("ery", ""), ("er", ""), ("or", ""),
    ("ate", ""), ("ise", ""), ("ize", ""), ("ive", ""), ("e", ""), ("y", ""),
)  # fmt: skip
SHORTEST = 4  # letters that must be left of a word


@lru_cache(maxsize=20_000)
def stem(word: str) -> str:
    if word in IRREGULAR:
        return IRREGULAR[word]
    if len(word) <= 3 or not word.isalpha():
        return word
    word = _singular(word)
    if word in IRREGULAR:
        return IRREGULAR[word]
    word = _without_tense(word)
    for ending, instead in ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= (3 if ending == "e" else SHORTEST):
            return word[: -len(ending)] + instead
    return word


def _singular(word: str) -> str:
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("sses", "shes", "ches", "xes")):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith(("ss", "us", "is")) else word


def _without_tense(word: str) -> str:
    if word.endswith("ied") and len(word) > 4:
        return word[:-3] + "y"
    for ending in ("ing", "ed"):
        rest = word[: -len(ending)]
        if word.endswith(ending) and len(rest) >= 3 and VOWEL.search(rest) and not word.endswith("eed"):
            doubled = rest[-1] == rest[-2] and rest[-1] not in "lsz"
            return rest[:-1] if doubled else rest
    return word
