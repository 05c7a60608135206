"""A catalogue of three functions, in files that a test may spoil."""

import csv
from pathlib import Path

FILES: dict[str, list[dict[str, str]]] = {
    "departments.csv": [
        {"code": "td", "name_en": "Transport Department", "name_zh_hant": "運輸署", "kind": "department"},
        {"code": "oro", "name_en": "Official Receiver's Office", "name_zh_hant": "破產管理署", "kind": "department"},
    ],
    "apps.csv": [
        {
            "code": "td-mobile",
            "department": "td",
            "name_en": "HKeMobility",
            "name_zh_hant": "香港出行易",
            "status": "live",
            "retire_by": "",
        }
    ],
    "functions.csv": [
        {
            "code": code,
            "department": department,
            "app": app,
            "name_en": name,
            "name_zh_hant": traditional,
            "summary_en": f"{name} online.",
            "summary_zh_hant": f"網上{traditional}。",
            "keywords_en": "disc;licence",
            "keywords_zh_hant": "車牌",
            "category": "transport",
            "audience": "citizen;business",
            "action": action,
            "assurance": "basic",
            "fee_hkd": fee,
            "transport": transport,
            "fields": fields,
        }
        for code, department, app, name, traditional, action, fee, transport, fields in (
            ("td-renew", "td", "td-mobile", "Renew a licence", "續領牌照", "renew", "370", "rest", "mark:vehicle_mark"),
            ("td-pay", "td", "", "Pay a fine", "繳交罰款", "pay", "", "sftp-batch", "amount:money"),
            ("oro-search", "oro", "", "Search a name", "查冊", "enquire", "0", "soap", "kind:choice(a|b);name:text"),
        )
    ],
    "fields.csv": [
        {
            "function": "",
            "field": field,
            "label_en": label,
            "label_zh_hant": traditional,
            "label_zh_hans": "",
            "hint_en": "",
            "hint_zh_hant": "",
            "hint_zh_hans": "",
        }
        for field, label, traditional in (
            ("mark", "Registration mark", "車輛登記號碼"),
            ("amount", "How much?", "金額"),
            ("kind", "Which kind?", "種類"),
            ("name", "Whose name?", "姓名"),
        )
    ],
    "choices.csv": [
        {
            "function": "",
            "field": "kind",
            "value": value,
            "label_en": label,
            "label_zh_hant": traditional,
            "label_zh_hans": "",
        }
        for value, label, traditional in (("a", "A person", "個人"), ("b", "A company", "公司"))
    ],
}


class SmallCatalogue:
    """The files in a folder; `change` and the like rewrite them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.rows = {name: [dict(row) for row in rows] for name, rows in FILES.items()}
        self.save()

    def save(self) -> None:
        for name, rows in self.rows.items():
            with (self.folder / name).open("w", encoding="utf-8", newline="") as file:
                writer = csv.DictWriter(file, list(rows[0]))
                writer.writeheader()
                writer.writerows(rows)

    def change(self, name: str, row: int, **cells: str) -> None:
        """`row` as a spreadsheet counts it: the first below the header is 2."""
        self.rows[name][row - 2].update(cells)
        self.save()

    def add(self, name: str, copied_row: int, **cells: str) -> None:
        self.rows[name].append(self.rows[name][copied_row - 2] | cells)
        self.save()

    def remove(self, name: str, row: int) -> None:
        del self.rows[name][row - 2]
        self.save()

    def drop_column(self, name: str, column: str) -> None:
        for row in self.rows[name]:
            del row[column]
        self.save()

    def rewrite(self, name: str, old: bytes, new: bytes) -> None:
        """Spoil the file itself, past what a spreadsheet program would write."""
        path = self.folder / name
        assert old in path.read_bytes()
        path.write_bytes(path.read_bytes().replace(old, new, 1))
