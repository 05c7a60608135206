"""The kinds of field that a form can have, and each one's JSON Schema."""

import copy
from typing import Any

Json = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
TEXT_MAX = 200  # characters
LONGTEXT_MAX = 4000
INTEGER_MAX = 999_999_999  # what every backend's number field holds

DISTRICTS: dict[str, dict[str, str]] = {
    code: {"en": en, "zh-hant": hant, "zh-hans": hans}
    for code, en, hant, hans in (
        ("central-and-western", "Central and Western", "中西區", "中西区"),
        ("wan-chai", "Wan Chai", "灣仔區", "湾仔区"),
        ("eastern", "Eastern", "東區", "东区"),
        ("southern", "Southern", "南區", "南区"),
        ("yau-tsim-mong", "Yau Tsim Mong", "油尖旺區", "油尖旺区"),
        ("sham-shui-po", "Sham Shui Po", "深水埗區", "深水埗区"),
        ("kowloon-city", "Kowloon City", "九龍城區", "九龙城区"),
        ("wong-tai-sin", "Wong Tai Sin", "黃大仙區", "黄大仙区"),
        ("kwun-tong", "Kwun Tong", "觀塘區", "观塘区"),
        ("kwai-tsing", "Kwai Tsing", "葵青區", "葵青区"),
        ("tsuen-wan", "Tsuen Wan", "荃灣區", "荃湾区"),
        ("tuen-mun", "Tuen Mun", "屯門區", "屯门区"),
        ("yuen-long", "Yuen Long", "元朗區", "元朗区"),
        ("north", "North", "北區", "北区"),
        ("tai-po", "Tai Po", "大埔區", "大埔区"),
        ("sha-tin", "Sha Tin", "沙田區", "沙田区"),
        ("sai-kung", "Sai Kung", "西貢區", "西贡区"),
        ("islands", "Islands", "離島區", "离岛区"),
    )
}
ADDRESS_PARTS: dict[str, dict[str, str]] = {
    "line_1": {"en": "Flat, floor, building", "zh-hant": "室、樓層及大廈", "zh-hans": "室、楼层及大厦"},
    "line_2": {
        "en": "Street, estate or village",
        "zh-hant": "街道、屋苑或鄉村",
        "zh-hans": "街道、屋苑或乡村",
    },
    "district": {"en": "District", "zh-hant": "地區", "zh-hans": "地区"},
}

_SCHEMAS: dict[str, Json] = {
    "text": {"type": "string", "minLength": 1, "maxLength": TEXT_MAX},
    "longtext": {"type": "string", "maxLength": LONGTEXT_MAX},
    "date": {"type": "string", "format": "date"},
    "datetime": {"type": "string", "format": "date-time"},
    "int": {"type": "integer", "minimum": 0, "maximum": INTEGER_MAX},
    "money": {"type": "string", "format": "decimal"},
    "choice": {"type": "string", "enum": []},
    "bool": {"type": "boolean"},
    "email": {"type": "string", "format": "email", "maxLength": 254},
    "phone": {"type": "string", "format": "phone"},
    "hkid": {"type": "string", "format": "hkid"},
    "br_number": {"type": "string", "format": "br_number"},
    "vehicle_mark": {"type": "string", "format": "vehicle_mark"},
    "address": {
        "type": "object",
        "properties": {
            "line_1": {"type": "string", "minLength": 1, "maxLength": TEXT_MAX},
            "line_2": {"type": "string", "maxLength": TEXT_MAX},
            "district": {"type": "string", "enum": list(DISTRICTS)},
        },
        "required": ["line_1", "district"],
        "additionalProperties": False,
    },
    "file": {"type": "string", "format": "file-id"},
}
KINDS = tuple(_SCHEMAS)
OPTIONAL_KINDS = frozenset({"file", "longtext"})  # everything else is required (the catalogue's rule)
FORMATS = {schema["format"]: kind for kind, schema in _SCHEMAS.items() if "format" in schema}
_TYPES = {"boolean": "bool", "integer": "int", "object": "address"}


def schema_of(kind: str) -> Json:
    """A fresh JSON Schema of the kind, without words. Raises KeyError if there is no such kind."""
    return copy.deepcopy(_SCHEMAS[kind])


def kind_of(field: Json) -> str:
    """The kind that a stored or localised property has."""
    if field.get("type") in _TYPES:
        return _TYPES[field["type"]]
    if "enum" in field:
        return "choice"
    if "format" in field:
        return FORMATS.get(field["format"], "text")
    return "longtext" if field.get("maxLength", TEXT_MAX) > TEXT_MAX else "text"
