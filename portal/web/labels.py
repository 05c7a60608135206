"""How a citizen's page names subjects, audiences and the things one can do; the desk keeps the registry's own words."""

from django.utils.translation import gettext_lazy as _

CATEGORIES = {
    "immigration": _("Identity, passports and visas"),
    "transport": _("Transport"),
    "health": _("Health"),
    "housing": _("Housing and home"),
    "social-welfare": _("Benefits and care"),
    "education": _("Schools and study"),
    "employment": _("Jobs and work"),
    "taxes": _("Taxes and rates"),
    "business": _("Business and trade"),
    "land-property": _("Land and buildings"),
    "government-law": _("Law, safety and government"),
    "environment": _("Environment and animals"),
    "culture-leisure": _("Sport, culture and leisure"),
    "communication-technology": _("Phones, post and technology"),
    "tourism": _("Travel and tourism"),
}
AUDIENCES = {
    "citizen": _("People living in Hong Kong"),
    "business": _("Businesses and organisations"),
    "visitor": _("Visitors to Hong Kong"),
}
ACTIONS = {
    "apply": _("Apply"),
    "renew": _("Renew"),
    "register": _("Register"),
    "pay": _("Pay"),
    "book": _("Book"),
    "enquire": _("Look up"),
    "report": _("Report"),
    "declare": _("Submit"),
    "appeal": _("Object or appeal"),
}
# What people look for most, as they would type it, by language.
POPULAR = {
    "en": ["renew vehicle licence", "lost identity card", "passport", "public housing", "book a badminton court"],
    "zh-hant": ["續牌費", "補領身份證", "換護照", "排公屋", "租羽毛球場"],
    "zh-hans": ["续车牌", "补办身份证", "换护照", "申请公屋", "订羽毛球场"],
}
