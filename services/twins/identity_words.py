"""What the demonstration identity app says, in three languages."""

LANGUAGES = ("en-US", "zh-HK", "zh-CN")
TAGS = {"en-US": "en", "zh-HK": "zh-Hant-HK", "zh-CN": "zh-Hans-CN"}
WORDS: dict[str, tuple[str, str, str]] = {
    "app": ("Demonstration identity app", "示範身份應用程式", "演示身份应用"),
    "note": (
        "This app is part of a demonstration. Nobody in it is real.",
        "此應用程式只供示範，當中人物均屬虛構。",
        "本应用仅供演示，其中人物均为虚构。",
    ),
    "who": ("Whose phone is this?", "這是誰的手機？", "这是谁的手机？"),
    "be": ("Use the app as this person", "以此人身份使用", "以此人身份使用"),
    "me": ("You are", "你是", "您是"),
    "other": ("Be somebody else", "改用另一人", "换成另一个人"),
    "no_plus": ("(without “+”: cannot sign)", "（非「+」帳戶，不能簽署）", "（非“+”账户，不能签署）"),
    "waiting": ("Waiting for you", "等你處理", "等您处理"),
    "nothing": (
        "Nothing is waiting. Open a request on your other screen, or scan its QR code.",
        "沒有待辦事項。請在另一螢幕提出要求，或掃描二維碼。",
        "没有待办事项。请在另一个屏幕上提出请求，或扫描二维码。",
    ),
    "auth": ("Log in", "登入", "登录"),
    "profile": ("Give my identity details", "提供身份資料", "提供身份资料"),
    "eme": ("Fill in a form with my details", "以我的資料填表", "用我的资料填表"),
    "stepup": ("Prove that it is me", "證明是本人", "证明是本人"),
    "signing": ("Sign a document", "簽署文件", "签署文件"),
    "asks": ("asks you to approve this:", "請你批准：", "请您批准："),
    "fields": ("These details will be given:", "將會提供以下資料：", "将提供以下资料："),
    "document": ("Document", "文件", "文件"),
    "for": ("For", "用於", "用于"),
    "code": (
        "Is this the same number as on your other screen? If not, refuse.",
        "這個數字與另一螢幕上的相同嗎？如不相同，請拒絕。",
        "这个数字与另一个屏幕上的一样吗？如果不一样，请拒绝。",
    ),
    "warn": (
        "Approve only what you began yourself. Did somebody send you this code? Refuse.",
        "只批准你自己發起的要求。如二維碼是別人傳給你的，請拒絕。",
        "只批准您自己发起的请求。如果二维码是别人发给您的，请拒绝。",
    ),
    "approve": ("Approve", "批准", "批准"),
    "refuse": ("Refuse", "拒絕", "拒绝"),
    "cancel": ("Not now", "暫不處理", "暂不处理"),
    "approved": ("Approved. Go on where you began.", "已批准。請在原來的螢幕繼續。", "已批准。请在原来的屏幕继续。"),
    "refused": (
        "Not approved. Nothing was given.", "沒有批准，亦沒有提供任何資料。", "没有批准，也没有提供任何资料。"
    ),
    "over": (
        "This request is over. Begin again on your other screen.",
        "此要求已結束。請在另一螢幕重新開始。",
        "此请求已结束。请在另一个屏幕上重新开始。",
    ),
    "not_yours": (
        "This request is for somebody else's app.", "此要求是給另一人的。", "此请求是给另一个人的。"
    ),
    "scan": ("Scan this with your phone", "請用手機掃描", "请用手机扫描"),
    "scan_text": (
        "Open the app, scan the code and approve. This page goes on by itself.",
        "開啟應用程式，掃描二維碼並批准。本頁會自動繼續。",
        "打开应用，扫描二维码并批准。本页会自动继续。",
    ),
    "address": ("The same as a link:", "或使用連結：", "或使用链接："),
    "idNo": ("Identity card number", "身份證號碼", "身份证号码"),
    "enName": ("Name in English", "英文姓名", "英文姓名"),
    "chName": ("Name in Chinese", "中文姓名", "中文姓名"),
    "birthDate": ("Date of birth", "出生日期", "出生日期"),
    "gender": ("Sex", "性別", "性别"),
    "mobileNumber": ("Mobile number", "流動電話號碼", "手机号码"),
    "emailAddress": ("Email address", "電郵地址", "电子邮箱"),
}  # fmt: skip


def say(word: str, language: str) -> str:
    """In that language, or in English; a word that is not known stands for itself."""
    place = LANGUAGES.index(language) if language in LANGUAGES else 0
    return WORDS[word][place] if word in WORDS else word
