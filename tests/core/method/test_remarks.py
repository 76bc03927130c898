"""What a model says around its answer is taken off; the words of a letter, a speech or a dialogue stay."""

import pytest

from tests.core.method.test_rows import NAMES, read

IN = "cod"

ABOUT_THE_ANSWER = {
    "en": [
        "I hope these examples help!",
        "I hope this helps!",
        "Hope this is useful.",
        "Let me know if you'd like more examples.",
        "Let me know if you'd like more.",
        "Would you like another one?",
        "Let me know if you have any questions.",
        "These examples cover both cases.",
    ],
    "es": [
        "¡Espero que te sirva!",
        "Avísame si quieres más ejemplos.",
        "¿Quieres más?",
        "Estos ejemplos cubren los dos casos.",
    ],
    "ja": [
        "お役に立てれば幸いです。",
        "ほかの例が必要でしたらお知らせください。",
        "続けて作成しますか？",
        "以上の例は両方の場合を含みます。",
    ],
    "ko": [
        "도움이 되었기를 바랍니다!",
        "더 많은 예시가 필요하시면 말씀해 주세요.",
        "계속 작성할까요?",
        "이 예시들은 두 경우를 모두 포함합니다.",
    ],
    "zh": [
        "希望对您有帮助！",
        "如果需要更多例子，请告诉我。",
        "您还需要其他例子吗？",
        "以上例子涵盖了两种情况。",
    ],
}
PLAIN = {
    "en": "The cod is a fish.",
    "es": "El bacalao es un pez.",
    "ja": "鱈は魚である。",
    "ko": "대구는 물고기이다.",
    "zh": "鳕鱼是一种鱼。",
}
OWN_ENDS = {
    "en": [
        "Dear Ann,\n\nthe meeting is at five.\n\nLet me know if you have any questions.",
        "Dear Ann,\n\nthe form is attached.\n\nI hope this helps!",
        "Ann,\n\nthe form is attached.\n\nFeel free to call.",
        "Dear Ann,\n\nthe shore is loud.\n\nBest regards,\nBo",
        "Subject: Keys\n\nThe keys are here.\n\nThank you.",
        "Ladies and gentlemen,\n\nwe have come far.\n\nThank you.",
        "We have come far.\n\nThank you.",
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
        "Hemos llegado lejos.\n\nGracias.",
        "—¿Está lejos?\n\n—¿Quieres más?",
    ],
    "ja": [
        "森様\n\n会議は五時からです。\n\nご不明な点がございましたらお知らせください。",
        "こんにちは。\n\n書類をお送りします。\n\nお役に立てれば幸いです。",
        "遠くまで来ました。\n\nありがとうございました。",
        "「遠いですか。」\n\n「以上です。」",
    ],
    "ko": [
        "안녕하세요.\n\n회의는 다섯 시입니다.\n\n궁금한 점은 말씀해 주세요.",
        "김 선생님께\n\n서류를 보냅니다.\n\n도움이 되었기를 바랍니다.",
        "우리는 멀리 왔습니다.\n\n감사합니다.",
        "“멀어요?”\n\n“계속 작성할까요?”",
    ],
    "zh": [
        "尊敬的王先生：\n\n会议五点开始。\n\n如有其他问题，请随时告诉我。",
        "王老师：\n\n会议五点开始。\n\n希望对您有帮助！",
        "你好！\n\n表格已附上。\n\n希望对您有帮助！",
        "我们走了很远。\n\n谢谢。",
        "“远吗？”\n\n“以上。”",
    ],
}
OPEN_ENDS = {
    "en": [
        "Dear Ann,\n\nthe shore is loud.\n\nBest regards,\nBo\n\nI hope this helps!",
        "Dear Ann,\n\nthe list is long.\n\nLet me know if you need more examples.",
        "You can bake it at 200 degrees.\n\nLet me know if you have any questions.",
    ],
    "es": [
        "Estimada Ana:\n\nLa lista es larga.\n\nAvísame si quieres más ejemplos.",
        "Tú puedes hornearlo.\n\nSi tienes alguna pregunta, avísame.",
    ],
    "ja": [
        "森様\n\n一覧です。\n\nほかの例が必要でしたらお知らせください。",
        "二百度で焼いてください。\n\nいかがでしょうか。",
    ],
    "ko": [
        "안녕하세요.\n\n목록입니다.\n\n더 많은 예시가 필요하시면 말씀해 주세요.",
        "이백 도에서 구우세요. 여러분도 할 수 있어요.\n\n궁금한 점은 말씀해 주세요.",
    ],
    "zh": [
        "尊敬的王先生：\n\n这是清单。\n\n如果需要更多例子，请告诉我。",
        "你可以用两百度烤。\n\n需要我继续吗？",
    ],
}


def each(texts: dict[str, list[str]]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(
        ("code", "text"), [(code, text) for code, listed in texts.items() for text in listed]
    )


@each(ABOUT_THE_ANSWER)
def test_a_remark_on_the_answer_below_a_blank_line_is_no_part_of_its_last_row(code: str, text: str) -> None:
    first, second, _ = NAMES[code]
    plain = PLAIN[code]
    for gap in ("\n\n", "\n\n---\n\n"):
        assert read(f"{first}: {IN}\n{second}: {plain}{gap}{text}", code) == ([(IN, plain)], set())
        assert read(f"{plain}{gap}{text}", code) == ([("", plain)], set())


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
    text = f"Example 1\n{PLAIN[code]}\n\nExample 2\n{OPEN_ENDS[code][1]}"
    assert read(text, code) == ([("", PLAIN[code])], {"unreadable"})


ANNOUNCING = {
    "en": ["Sure! Here is the poem:", "Here are the examples:", "Certainly. Here is an example of that."],
    "es": ["¡Claro! Aquí tienes:", "Aquí tienes los ejemplos."],
    "ja": ["もちろんです！以下が例です：", "それでは、例を示します。"],
    "ko": ["네, 다음과 같습니다:", "요청하신 예시를 작성해 드리겠습니다."],
    "zh": ["当然可以！以下是示例：", "好的，以下是内容："],
}
AGREEING = {
    "en": ["Of course!", "Sure, I can help with that.", "Okay."],
    "es": ["¡Por supuesto!", "Claro que sí."],
    "ja": ["もちろんです。", "はい、分かりました。"],
    "ko": ["네, 알겠습니다.", "물론입니다."],
    "zh": ["当然！", "好的，没问题。"],
}


@each({code: ANNOUNCING[code] + AGREEING[code] for code in NAMES})
def test_what_a_model_says_above_an_answer_without_fields_is_no_part_of_it(code: str, text: str) -> None:
    assert read(f"{text}\n\n{PLAIN[code]}", code) == ([("", PLAIN[code])], set())


@each(AGREEING)
def test_below_the_name_of_an_output_it_is_how_the_text_begins(code: str, text: str) -> None:
    first, second, _ = NAMES[code]
    for name in (f"{first}: {IN}\n{second}", second):
        given = IN if first in name else ""
        whole = f"{text}\n\n{PLAIN[code]}"
        assert read(f"{name}: {whole}", code) == ([(given, whole)], set())


SPEAKING_TO_A_READER = {
    "en": ["You can bake it at 200 degrees.", "I hope this helps!"],
    "es": ["Tú puedes hornearlo.", "¡Espero que te sirva!"],
    "ja": ["二百度で焼いてください。", "お役に立てれば幸いです。"],
    "ko": ["이백 도에서 구우세요. 여러분도 할 수 있어요.", "도움이 되었기를 바랍니다!"],
    "zh": ["你可以用两百度烤。", "希望对您有帮助！"],
}


@pytest.mark.parametrize("code", NAMES)
def test_advice_is_kept_without_the_wish_below_it(code: str) -> None:
    advice, wish = SPEAKING_TO_A_READER[code]
    assert read(f"{NAMES[code][1]}: {advice}\n\n{wish}", code) == ([("", advice)], set())


@pytest.mark.parametrize("title", ["Great Expectations", "Sure-footed", "Definitely Maybe"])
def test_a_title_that_begins_with_such_a_word_stays(title: str) -> None:
    text = f"{title}\n\nA short text."
    assert read(text) == ([("", text)], set())
