"""A letter, a speech or a dialogue keeps its last words; where they may be the model's, no row is kept."""

import pytest

from tests.core.method.test_remarks import IN, PLAIN, each
from tests.core.method.test_rows import NAMES, read

OWN_ENDS = {
    "en": [
        "Dear Ann,\n\nthe meeting is at five.\n\nLet me know if you have any questions.",
        "Dear Ann,\n\nthe form is attached.\n\nI hope this helps!",
        "Ann,\n\nthe form is attached.\n\nFeel free to call.",
        "Dear Ann,\n\nthe shore is loud.\n\nBest regards,\nBo",
        "Subject: Keys\n\nThe keys are here.\n\nThank you.",
        "Ladies and gentlemen,\n\nwe have come far.\n\nThank you.",
        "Thank you for contacting us. A card is on its way.\n\nLet me know if you have any other questions.",
        "Hello!\n\nThe card is here.\n\nI hope this helps!",
        "Boil the rice.\n\nEnjoy!",
        "The sea is calm.\n\nWe have time.",
        "The party is on Friday.\n\nI hope you can come.",
        "The sun is out.\n\nI hope it stays.",
        "“Is it far?”\n\n“Let me know if you want more.”",
        "— Is it far?\n\n— I hope this helps!",
    ],
    "es": [
        "Estimada Ana:\n\nLa reunión es a las cinco.\n\nSi tienes alguna pregunta, avísame.",
        "Hola, Ana:\n\nEl formulario va adjunto.\n\n¡Espero que te sirva!",
        "Señoras y señores:\n\nHemos llegado lejos.\n\nGracias.",
        "Gracias por su mensaje. La tarjeta está en camino.\n\nAvíseme si necesita algo más.",
        "Gracias por tu mensaje.\n\nLa tarjeta va adjunta.\n\nAvísame si necesitas algo más.",
        "—¿Está lejos?\n\n—¿Quieres más?",
    ],
    "ja": [
        "森様\n\n会議は五時からです。\n\nご不明な点がございましたらお知らせください。",
        "こんにちは。\n\n書類をお送りします。\n\nお役に立てれば幸いです。",
        "お問い合わせありがとうございます。明日お届けします。\n\nご不明な点がございましたらお気軽にお尋ねください。",
        "「遠いですか。」\n\n「以上です。」",
    ],
    "ko": [
        "안녕하세요.\n\n회의는 다섯 시입니다.\n\n궁금한 점은 말씀해 주세요.",
        "김 선생님께\n\n서류를 보냅니다.\n\n도움이 되었기를 바랍니다.",
        "문의해 주셔서 감사합니다.\n\n카드는 내일 도착합니다.\n\n궁금한 점이 있으시면 말씀해 주세요.",
        "“멀어요?”\n\n“계속 작성할까요?”",
    ],
    "zh": [
        "尊敬的王先生：\n\n会议五点开始。\n\n如有其他问题，请随时告诉我。",
        "王老师：\n\n会议五点开始。\n\n希望对您有帮助！",
        "你好！\n\n表格已附上。\n\n希望对您有帮助！",
        "感谢您的来信。卡片明天寄到。\n\n如有其他问题，请随时告诉我们。",
        "感谢您的来信。\n\n卡片明天寄到。\n\n如有其他问题，请随时告诉我。",
        "“远吗？”\n\n“以上。”",
    ],
}
OPEN_ENDS = {
    "en": [
        "Dear Ann,\n\nthe shore is loud.\n\nBest regards,\nBo\n\nI hope this helps!",
        "Dear Ann,\n\nthe list is long.\n\nLet me know if you need more examples.",
        "Hi Bob,\n\nthe shore is loud.\n\nCheers,\nBo\n\nLet me know if you want any changes.",
        "Subject: Sea\n\nDear Ann,\n\nit is loud.\n\n---\n\nWould you like me to make it longer?",
    ],
    "es": [
        "Estimada Ana:\n\nLa lista es larga.\n\nAvísame si quieres más ejemplos.",
        "Hola, Ana:\n\nHoy hay mar.\n\nUn abrazo,\nBo\n\n¡Espero que te sirva!",
    ],
    "ja": [
        "森様\n\n一覧です。\n\nほかの例が必要でしたらお知らせください。",
        "森様\n\n海は静かです。\n\n林より\n\nお役に立てれば幸いです。",
    ],
    "ko": [
        "안녕하세요.\n\n목록입니다.\n\n더 많은 예시가 필요하시면 말씀해 주세요.",
        "안녕하세요.\n\n바다가 조용합니다.\n\n김민수 드림\n\n도움이 되었기를 바랍니다!",
    ],
    "zh": [
        "尊敬的王先生：\n\n这是清单。\n\n如果需要更多例子，请告诉我。",
        "王老师：\n\n海很静。\n\n此致\n敬礼\n\n希望对您有帮助！",
    ],
}


@each(OWN_ENDS)
def test_the_end_of_a_letter_a_speech_or_a_dialogue_stays(code: str, text: str) -> None:
    first, second, _ = NAMES[code]
    assert read(f"{first}: {IN}\n{second}: {text}", code) == ([(IN, text)], set())
    assert read(f"{second}: {text}", code) == ([("", text)], set())
    assert read(text, code) == ([("", text)], set())


@each(OPEN_ENDS)
def test_a_last_sentence_that_may_be_the_model_s_or_the_text_s_leaves_the_row_out(
    code: str, text: str
) -> None:
    first, second, _ = NAMES[code]
    more = f"{first}: wren\n{second}: bird\n\n{first}: {IN}\n{second}: {text}"
    assert read(more, code) == ([("wren", "bird")], {"unreadable"})
    assert read(text, code) == ([], {"unreadable"})


@pytest.mark.parametrize("code", NAMES)
def test_only_the_last_output_below_a_heading_has_an_open_end(code: str) -> None:
    text = f"Example 1\n{PLAIN[code]}\n\nExample 2\n{OPEN_ENDS[code][0]}"
    assert read(text, code) == ([("", PLAIN[code])], {"unreadable"})


SIGNED = {
    "en": "Dear Ann,\n\nthe shore is loud.\n\nBest regards,\nBo",
    "es": "Estimada Ana:\n\nHoy hay mar.\n\nUn abrazo,\nBo",
    "ja": "森様\n\n海は静かです。\n\n敬具",
    "ko": "김 선생님께\n\n바다가 조용합니다.\n\n김민수 드림",
    "zh": "王老师：\n\n海很静。\n\n此致\n敬礼",
}
OF_EXAMPLES = {
    "en": ["I hope these examples help!", "Let me know if you need more examples."],
    "es": ["Avísame si quieres más ejemplos.", "Espero que estos ejemplos te sirvan."],
    "ja": ["ほかの例が必要でしたらお知らせください。", "これらの例が参考になれば幸いです。"],
    "ko": ["더 많은 예시가 필요하시면 말씀해 주세요.", "이 예시들이 도움이 되었기를 바랍니다."],
    "zh": ["如果需要更多例子，请告诉我。", "希望这些例子对您有帮助！"],
}


@each(OF_EXAMPLES)
def test_what_wishes_or_offers_examples_is_the_model_s_without_a_blank_line_and_below_a_signature(
    code: str, text: str
) -> None:
    first, second, _ = NAMES[code]
    for own, gap in ((PLAIN[code], "\n"), (SIGNED[code], "\n\n")):
        assert read(f"{first}: {IN}\n{second}: {own}{gap}{text}", code) == ([(IN, own)], set())
