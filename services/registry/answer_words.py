"""What citizens read when a department has answered, until an officer writes something better for a function.

Three languages side by side: English, 繁體中文 as written in Hong Kong, 简体中文 as written on the Mainland.
"""

from dataclasses import dataclass

from services.languages import CODES

Texts = dict[str, str]  # by language code


@dataclass(frozen=True)
class Words:
    """A heading and the sentences below it."""

    title: Texts
    message: Texts


def texts(*in_order: str) -> Texts:
    """English, Traditional, Simplified."""
    return dict(zip(CODES, in_order, strict=True))


_NOTHING_TO_DO = texts(
    "You do not need to do anything else now. Keep the case number in case you want to ask about it.",
    "你現在不用再做甚麼。如日後想查問，請記下個案編號。",
    "您现在无需再做什么。日后如要查询，请记下办理编号。",
)

LATER = Words(
    texts("The department has your form", "部門已收到你的表格", "部门已收到您的表格"),
    texts(
        "The answer comes later. We will show it here. You need to do nothing.",
        "部門稍後回覆，我們會在這裏顯示，你不用做甚麼。",
        "部门稍后答复，我们会在这里显示，您无需做任何事。",
    ),
)

ARRIVED: dict[str, Words] = {
    "apply": Words(
        texts("The department has your application", "部門已收到你的申請", "部门已收到您的申请"),
        _NOTHING_TO_DO,
    ),
    "renew": Words(
        texts("The department has your renewal", "部門已收到你的續期申請", "部门已收到您的续期申请"),
        _NOTHING_TO_DO,
    ),
    "register": Words(
        texts("The department has your registration", "部門已收到你的登記", "部门已收到您的登记"),
        _NOTHING_TO_DO,
    ),
    "declare": Words(
        texts("The department has your declaration", "部門已收到你的申報", "部门已收到您的申报"),
        _NOTHING_TO_DO,
    ),
    "report": Words(
        texts("Thank you for telling us", "多謝你告訴我們", "谢谢您告诉我们"),
        texts(
            "The department has your report and will look into it. Keep the case number in case you want to "
            "ask about it.",
            "部門已收到你的報告，會跟進了解。如日後想查問，請記下個案編號。",
            "部门已收到您反映的情况，会跟进了解。日后如要查询，请记下办理编号。",
        ),
    ),
    "appeal": Words(
        texts("The department has your appeal", "部門已收到你的上訴", "部门已收到您的申诉"),
        texts(
            "Someone will read it and reply to you. Keep the case number in case you want to ask about it.",
            "部門會有專人細閱並回覆你。如日後想查問，請記下個案編號。",
            "部门会安排专人阅读并答复您。日后如要查询，请记下办理编号。",
        ),
    ),
}
PAID = Words(
    texts("Your payment went through", "已成功繳費", "缴费成功"),
    texts(
        "Thank you. The department has recorded your payment. You can print this page and keep it.",
        "多謝你。部門已記錄這筆款項，你可以列印此頁留底。",
        "谢谢您。部门已记录这笔款项，您可以打印本页留存。",
    ),
)
BOOKED = Words(
    texts("Your booking is made", "已為你預約", "预约成功"),
    texts(
        "Please come a few minutes early and have the booking number ready.",
        "請提早幾分鐘到達，並準備好預約編號。",
        "请提前几分钟到达，并准备好预约编号。",
    ),
)
FOUND = Words(
    texts("Here is what we found", "以下是查詢結果", "以下是查询结果"),
    texts(
        "This is what the department has on record now.",
        "這是部門現時的紀錄。",
        "这是部门目前的记录。",
    ),
)
NOTHING_FOUND = Words(
    texts("There is nothing on record", "部門沒有相關紀錄", "部门没有相关记录"),
    texts(
        "The department looked and found nothing under what you gave. If you expected something, please "
        "check what you filled in and ask again.",
        "部門已經查過，按你提供的資料找不到任何紀錄。如果你認為應該有，請核對所填資料，再查一次。",
        "部门已经查过，按您提供的信息没有找到任何记录。如果您认为应该有，请核对所填内容后再查一次。",
    ),
)

REFUSED: dict[str, Words] = {  # by the department's reason code; "" is any other
    "MISSING_FIELD": Words(
        texts("One answer is still missing", "還欠一項資料", "还缺一项信息"),
        texts(
            "The department cannot go on without it. Please fill in the form once more; what we know about "
            "you will be filled in for you.",
            "部門要有這項資料才能辦理。請再填一次表格，我們已有的資料會替你填好。",
            "部门需要这项信息才能办理。请再填一次表格，我们已有的信息会为您填好。",
        ),
    ),
    "NOT_ON_RECORD": Words(
        texts("We could not find your record", "找不到你的紀錄", "没有找到您的记录"),
        texts(
            "The department has no record that matches what you gave. Please check the names and numbers "
            "against your document and send it again. If they are right, ask the department and quote your "
            "receipt number.",
            "部門沒有與你所填資料相符的紀錄。請對照文件，核對姓名和號碼，再遞交一次。"
            "如果資料無誤，請聯絡部門，並提供收據編號。",
            "部门没有与您所填信息相符的记录。请对照证件核对姓名和号码，再提交一次。"
            "如果信息无误，请联系部门，并提供回执编号。",
        ),
    ),
    "": Words(
        texts("The department could not accept this", "部門未能接納", "部门未能受理"),
        texts(
            "Its reason is below. You can put it right and send it again, or ask the department and quote "
            "your receipt number.",
            "原因見下。你可以更正後再遞交，或聯絡部門，並提供收據編號。",
            "原因见下。您可以更正后再次提交，或联系部门，并提供回执编号。",
        ),
    ),
}

RECORDS: dict[str, Texts] = {  # by what a department's enquiry answers, titles and values alike
    text: texts(text, *translated)
    for text, translated in {
        "Status": ("狀況", "状态"),
        "Last updated": ("最近更新", "最近更新"),
        "Answer expected by": ("預計回覆日期（或之前）", "预计答复日期（最晚）"),
        "Entry number": ("登記編號", "登记编号"),
        "Valid until": ("有效期至", "有效期至"),
        "Minutes to wait": ("等候時間（分鐘）", "等候时间（分钟）"),
        "People waiting": ("等候人數", "等候人数"),
        "As of": ("截至", "截至"),
        "Amount": ("金額", "金额"),
        "Record number": ("紀錄編號", "记录编号"),
        "Received": ("已收到", "已收到"),
        "Being examined": ("正在審核", "正在审核"),
        "Waiting for a document from you": ("正等待你補交文件", "正等待您补交材料"),
        "Approved": ("已批准", "已批准"),
        "In force": ("有效", "有效"),
        "In force, with conditions": ("有效，附有條件", "有效，附有条件"),
        "Renewal under way": ("正辦理續期", "正在办理续期"),
        "On record": ("有紀錄", "有记录"),
        "On record, nothing due": ("有紀錄，沒有待辦事項", "有记录，没有待办事项"),
    }.items()
}

LABELS: dict[str, Texts] = {
    "case_number": texts("Case number", "個案編號", "办理编号"),
    "booking_number": texts("Booking number", "預約編號", "预约编号"),
    "payment_number": texts("Payment number", "繳款編號", "缴费编号"),
    "reply_by": texts("You will hear from them by", "部門回覆日期（或之前）", "部门答复日期（最晚）"),
    "amount": texts("Amount paid", "已繳金額", "已缴金额"),
    "paid_on": texts("Paid on", "繳款日期", "缴费日期"),
    "date": texts("Date", "日期", "日期"),
    "time": texts("Time", "時間", "时间"),
    "place": texts("Place", "地點", "地点"),
    "records": texts("On record", "紀錄", "记录"),
    "reason": texts("In the department's words", "部門的說明", "部门的说明"),
}
