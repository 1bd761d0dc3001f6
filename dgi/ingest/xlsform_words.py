"""What is said of an XLSForm that is read, each sentence once, in Vietnamese and English.
Not here: finding it (xlsform.py); labels and defaults of a form are never repeated."""

from __future__ import annotations

from dgi.ingest.refusals import Sentence

COPY = ("Ghi thêm vào bảng câu hỏi nếu cần.", "Add it to the questionnaire's tables if needed.")
REPAIR = ("Sửa trong phiếu rồi đọc lại.", "Correct the form and read it again.")
CHECK = ("Kiểm tra lại trong bảng đã lập.", "Check it in the tables made from the form.")
DECIDE = (
    "Quyết định vai trò của cột (role) trong fixed_columns.csv; cho đến khi đó cột được coi là"
    " danh tính.",
    "Decide the column's role in fixed_columns.csv; until then it counts as identity.",
)


def _say(rule_vi: str, rule: str, action: tuple[str, str] = COPY) -> Sentence:
    return Sentence(rule_vi, action[0], rule, action[1])


FORM_REFUSALS = {
    "no_form": _say(
        "tệp không phải là XLSForm: không có trang tính survey với các cột type và name",
        "the file is no XLSForm: it has no sheet survey with columns type and name",
        ("Gửi tệp XLSForm (.xlsx) gốc của phiếu.", "Send the form's own XLSForm (.xlsx)."),
    ),
}
NOT_TAKEN = {
    "sheet": _say("trang tính không được đọc", "the sheet is not read"),
    "column": _say("cột không được lấy (số ô có nội dung)",
                   "the column is not taken over (cells filled)"),
    "language": _say("nhãn bằng ngôn ngữ này không được lấy (số ô có nội dung)",
                     "labels in this language are not taken over (cells filled)"),
    "no_name": _say("dòng không có tên", "the row has no name", REPAIR),
    "no_type": _say("dòng không có kiểu (type)", "the row has no type", REPAIR),
    "type": _say("kiểu câu này không có trong bảng câu hỏi",
                 "our questionnaires have no questions of this type"),
    "form_only": _say("dòng chỉ phục vụ việc điền phiếu", "the row only serves the filling-in"),
    "group_label": _say("nhãn của nhóm không được lấy", "a group's label is not taken over"),
    "in_repeat": _say("câu nằm trong nhóm lặp: mỗi phiếu chỉ có một dòng",
                      "the question is in a repeat: an interview is one row"),
    "disabled": _say("dòng đã bị tắt (disabled)", "the row is disabled"),
    "no_list": _say("không có danh sách lựa chọn này trong trang choices",
                    "the sheet choices has no such list", REPAIR),
    "or_other": _say("phần thêm của danh sách (như or_other) không được lấy",
                     "what follows the list (as or_other) is not taken over"),
    "relevant": _say(
        "điều kiện hỏi phức tạp hơn 'câu=mã;mã': câu được ghi là hỏi mọi người",
        "the condition is more than 'question=code;code': the question counts as asked of all"),
    "relevant_column": _say("cột không phải câu hỏi thì không có điều kiện hỏi",
                            "a column that is no question cannot have a condition"),
    "constraint": _say("ràng buộc phức tạp hơn min, max hoặc mẫu mã",
                       "the constraint is more than min, max or a pattern"),
    "constraint_question": _say("câu hỏi không có ràng buộc riêng",
                                "a question has no constraint of its own"),
    "required": _say("điều kiện bắt buộc trả lời không được lấy",
                     "a condition of being required is not taken over"),
    "end_alone": _say("dòng kết thúc nhóm không khớp với nhóm nào",
                      "the end of a group matches no beginning", REPAIR),
    "never_ends": _say("nhóm không có dòng kết thúc", "the group has no end", REPAIR),
    "choice_place": _say("lựa chọn thiếu tên danh sách hoặc tên lựa chọn",
                         "the choice lacks the name of its list or of itself", REPAIR),
    "choice_twice": _say("lựa chọn trùng tên trong danh sách: lấy dòng đầu tiên",
                         "the choice is in the list already: the first one is taken"),
    "choice_name": _say("tên lựa chọn chứa dấu ';'", "the choice's name has a ';' in it", REPAIR),
    "list_unused": _say("danh sách không thuộc câu hỏi nào", "no question uses the list"),
}  # fmt: skip
REMARKS = {
    "key": _say("tên được đổi thành khóa của bảng câu hỏi",
                "the name was made a key of the questionnaire", CHECK),
    "name_twice": _say("tên đã có trong phiếu: câu sau mang khóa khác",
                       "the name is in the form already: the later one has another key", CHECK),
    "label": _say("không có nhãn: tên được dùng thay nhãn",
                  "there is no label: the name stands for it", CHECK),
    "translation": _say("thiếu một trong hai ngôn ngữ: ngôn ngữ kia được dùng thay (số dòng)",
                        "one of the two languages is missing: the other stands for it (rows)",
                        CHECK),
    "code": _say("tên lựa chọn không phải số: được cấp mã, tên cũ ghi ở cột also",
                 "the choice's name is no number: it was given a code, the name is in also",
                 CHECK),
    "kind": _say("loại câu trả lời được đoán theo nhãn",
                 "the kind of the answer was guessed from its label", CHECK),
    "kind_unknown": _say("loại câu trả lời không có trong quy ước: coi là valid",
                         "there is no such kind of answer: taken as valid", CHECK),
    "role": _say("cột không phải câu hỏi lựa chọn, chưa rõ có chứa dữ liệu cá nhân không",
                 "a column that is no choice; whether it holds personal data is not known",
                 DECIDE),
    "may_be_blank": _say("có câu được phép để trống trong phiếu (số câu)",
                         "questions may be left blank in the form (how many)", CHECK),
}  # fmt: skip
