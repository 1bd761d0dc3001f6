"""Belongs here: the fixed words of the return workbook, Vietnamese before English.
Does not belong here: what a check asserts (data/fieldwork), or any layout (return_workbook.py)."""

from __future__ import annotations

from .language import Pair

SEVERITIES = {
    "error": Pair("LỖI", "ERROR"),
    "warn": Pair("CẦN XEM", "CHECK"),
    "info": Pair("THEO DÕI", "FOLLOW"),
}
STATUSES = {
    "passed": Pair("Đạt", "passed"),
    "findings": Pair("Có phát hiện", "findings"),
    "not_taken": Pair("Không kiểm tra được", "not taken"),
    "off": Pair("Không dùng", "off"),
}
WHY_NOT = {
    "no_back_checks": Pair("chưa có phiếu phỏng vấn lại", "no re-interviews"),
    "no_batteries": Pair("phiếu hỏi không có nhóm câu như vậy", "no such group of questions"),
    "no_devices": Pair("không có mã máy", "no device ids"),
    "no_end_times": Pair("không có giờ kết thúc", "no end times"),
    "no_form_versions": Pair("không có phiên bản phiếu", "no form versions"),
    "no_form_rules": Pair(
        "phiếu không có quy tắc loại này kiểm tra được",
        "the form has no rule of this kind to check",
    ),
    "no_gaps": Pair("không có hai phiếu liền nhau trong ngày", "no two interviews in one day"),
    "no_margins": Pair("không có số dân của huyện", "no population of the district"),
    "no_interviews": Pair("chưa có phiếu", "no interviews"),
    "no_other_answers": Pair("không câu nào có trả lời “khác”", "no question has an “other”"),
    "no_places": Pair("không có vị trí máy", "no places of devices"),
    "no_replacements": Pair("không ghi ai là người thay thế", "replacements were not recorded"),
    "no_spread": Pair("mọi giá trị như nhau", "all values are alike"),
    "no_start_times": Pair("không có giờ bắt đầu", "no start times"),
    "no_submission_times": Pair("không có giờ gửi", "no times of sending"),
    "no_submissions": Pair("không có mã bản ghi", "no submission ids"),
    "not_separable": Pair(
        "mỗi điều tra viên một nơi, không tách được", "interviewers share no area: not separable"
    ),
    "too_few_ages": Pair("quá ít tuổi để so", "too few ages"),
    "too_few_answers": Pair("quá ít câu trả lời", "too few answers"),
    "too_few_common_questions": Pair("quá ít câu chung", "too few questions in common"),
    "too_few_interviewers": Pair("quá ít điều tra viên", "too few interviewers"),
    "too_few_interviews": Pair("quá ít phiếu", "too few interviews"),
}
SET_ASIDE = "set_aside"
"""Topic of what was set aside before any check."""
NOT_KEPT = Pair("Trái với yêu cầu: “{rule}”{aside}.", "Not as required: “{rule}”{aside}.")
SEE_INTERVIEW = Pair("phiếu số {number}, trang Phieu", "interview {number} on sheet Phieu")
MEASURED = Pair("đo được {value}, ngưỡng {threshold}", "measured {value}, threshold {threshold}")
BLANK, MASKED, MASK_BEGINS = "(trống)", "(bị che)", "?"
CONFIRM, WITHDRAW = "đúng", "rút"
BANNER = "DỮ LIỆU MẪU / SAMPLE DATA"

TITLE = Pair("Phiếu cần xác minh", "Interviews to be verified")
DEADLINE = Pair("Hạn gửi lại: ____ / ____ / ________", "To be sent back by: ____ / ____ / ________")
NOTHING = Pair(
    "Không có phiếu nào cần xác minh; không phải gửi lại tệp này.",
    "There is nothing to verify; the file need not be sent back.",
)
STEPS = (
    Pair(
        "Mở trang CanXacMinh. Mỗi dòng là một phiếu hoặc một ô cần xác minh; cột Tep, TrangTinh, "
        "Dong, Cot chỉ đúng chỗ trong tệp đã gửi, cột LyDo nói vì sao và cần làm gì.",
        "Open the sheet CanXacMinh. One row is one interview or cell to verify; Tep, TrangTinh, "
        "Dong and Cot say where it stands in the file you sent, LyDo says why and what to do.",
    ),
    Pair(
        "Xem phiếu gốc, nghe ghi âm hoặc hỏi lại người trả lời. Không đoán.",
        "Look at the form, listen to the recording or ask the respondent again. Do not guess.",
    ),
    Pair(
        "Ghi vào cột TraLoi: mã hoặc giá trị đúng (mã xem ở trang MaTraLoi); “đúng” nếu giá trị "
        "đang có là đúng; “rút” nếu phiếu không có thật hoặc không dùng được.",
        "Write in TraLoi: the right code or value (codes are on the sheet MaTraLoi); “đúng” if "
        "the present one is right; “rút” if the interview did not happen or cannot be used.",
    ),
    Pair(
        "Mỗi phiếu bị rút chỉ ghi “rút” ở một dòng; các dòng khác của phiếu ấy để trống.",
        "Write “rút” on one row of an interview only, and leave its other rows blank.",
    ),
    Pair(
        "Dòng nào đã ghi TraLoi thì ghi cả NguoiSua (tên hoặc chức danh) và Ngay "
        "(ngày/tháng/năm). Dòng chưa xác minh được thì để trống TraLoi, ghi lý do ở GhiChu.",
        "Where TraLoi is filled, fill NguoiSua (name or office) and Ngay (dd/mm/yyyy) too. Leave "
        "TraLoi blank where nothing could be verified, and say why in GhiChu.",
    ),
    Pair(
        "Không ghi họ tên, số điện thoại, địa chỉ hay số giấy tờ của người trả lời vào tệp này.",
        "Write no name, telephone number, address or identity number of a respondent here.",
    ),
    Pair(
        "Không đổi tên trang, không đổi dòng tiêu đề, không xóa dòng. Lưu tệp dạng .xlsx, gửi lại "
        "để đặt vào thư mục corrections của huyện.",
        "Do not rename sheets, change the header or delete rows. Save it as .xlsx and send it "
        "back; it is put into the district's folder corrections.",
    ),
)  # fmt: skip
LEGEND = (
    Pair(
        "LỖI (nền cam): phải giải quyết trước khi dùng số liệu. CẦN XEM (nền xanh nhạt): xem lại, "
        "đúng thì ghi “đúng”.",
        "LỖI (orange): to be settled before the figures are used. CẦN XEM (pale blue): look "
        "again; where all is right, write “đúng”.",
    ),
    Pair(
        "MaPhieu là bí danh của số phiếu. Một phát hiện là câu hỏi, không phải kết luận về điều "
        "tra viên.",
        "MaPhieu is a pseudonym of the form number. A finding is a question, not a verdict on an "
        "interviewer.",
    ),
    Pair(
        "GiaTriHienTai bắt đầu bằng “?” là ô có nội dung không phải mã hay số; nội dung được che, "
        "xem trong tệp đã gửi.",
        "GiaTriHienTai that begins with “?” stands for a cell that holds no code or number; it is "
        "masked here, see the file you sent.",
    ),
)  # fmt: skip
SHEETS = (
    Pair("CanXacMinh: danh sách cần xác minh, ghi trả lời ở đây", "the list; answer here"),
    Pair("Phieu: các phiếu liên quan, chỉ hiện các ô cần xem", "interviews concerned"),
    Pair("MaTraLoi: mã trả lời của các câu cần xem", "answer codes of the questions concerned"),
    Pair("TomTat: kết quả mọi phép kiểm tra", "what every check found"),
    Pair(
        "TheoNhom: phát hiện về điều tra viên, thôn, câu hỏi, không gắn với một phiếu",
        "findings on interviewers, villages and questions, of no single interview",
    ),
    Pair("DieuTraVien: bảng theo điều tra viên", "the table of interviewers"),
)

CHECK_HEADERS = (
    Pair("Yêu cầu", "What is required"),
    Pair("Mức", "Severity"),
    Pair("Kết quả", "Result"),
    Pair("Số phát hiện", "Findings"),
    Pair("Đã xem", "Looked at"),
    Pair("Đo được lớn nhất", "Largest value"),
    Pair("Ngưỡng", "Threshold"),
)
GROUP_HEADERS = (
    Pair("Yêu cầu và việc cần làm", "What is required, and what to do"),
    Pair("Mức", "Severity"),
    Pair("Điều tra viên", "Interviewer"),
    Pair("Câu hỏi", "Question"),
    Pair("Thôn, nhóm", "Village, group"),
    Pair("Đo được", "Value"),
    Pair("Ngưỡng", "Threshold"),
)
CODE_HEADERS = (
    Pair("CauHoi", ""),
    Pair("Nội dung câu hỏi", "Question"),
    Pair("Mã", "Code"),
    Pair("Nghĩa", ""),
    Pair("Meaning", ""),
)
SHADED = Pair(
    "Nền đậm: cần xem trước. Nền trắng: bằng trung vị của bảng hoặc ít đáng chú ý hơn. Đậm nhất: "
    "chỉ bằng nửa số phút, gấp đôi tỷ lệ “không biết” hoặc gấp đôi số cặp phiếu quá giống.",
    "Dark: to be looked at first. White: the table's median or less striking. Darkest: half the "
    "minutes, twice the share of “don't know” or twice the pairs alike.",
)
DAY_PROMPT = "Ngày xác minh: ngày/tháng/năm, ví dụ 05/09/{year}."
DAY_QUESTION = (
    "Ô này cần một ngày (ngày/tháng/năm), từ đầu năm {year} đến hôm nay. Vẫn ghi như vậy?"
)
# column of the table of interviewers -> heading and kind of figure
INTERVIEWER_COLUMNS = {
    "interviewer": (Pair("Điều tra viên", "Interviewer"), "text"),
    "interviews_n": (Pair("Số phiếu", "Interviews"), "whole"),
    "days_n": (Pair("Số ngày", "Days"), "whole"),
    "per_day_max": (Pair("Nhiều nhất một ngày", "Most in a day"), "whole"),
    "villages_n": (Pair("Số thôn", "Villages"), "whole"),
    "median_minutes": (Pair("Trung vị (phút)", "Median minutes"), "whole"),
    "short_share": (Pair("Phiếu quá ngắn", "Too short"), "share"),
    "dont_know_share": (Pair("Không biết", "Don't know"), "share"),
    "refused_share": (Pair("Từ chối", "Refused"), "share"),
    "blank_share": (Pair("Bỏ trống", "Left blank"), "share"),
    "straight_lined_share": (Pair("Trả lời thẳng hàng", "Straight-lined"), "share"),
    "similar_pairs_n": (Pair("Cặp phiếu quá giống", "Pairs alike"), "whole"),
    "night_n": (Pair("Phiếu ban đêm", "At night"), "whole"),
    "rejected_interviews_n": (Pair("Phiếu bị loại", "Set aside"), "whole"),
    "rejected_answers_n": (Pair("Ô bị loại", "Cells set aside"), "whole"),
    "back_checked_n": (Pair("Phỏng vấn lại", "Checked again"), "whole"),
    "back_check_difference": (Pair("Khác khi hỏi lại", "Differ"), "share"),
}


def fill(text: Pair, **values: object) -> Pair:
    """The text with its {placeholders} filled; a value may be a Pair, each language its own."""
    return Pair(
        *(
            getattr(text, language).format(
                **{
                    name: getattr(value, language) if isinstance(value, Pair) else value
                    for name, value in values.items()
                }
            )
            for language in ("vi", "en")
        )
    )
