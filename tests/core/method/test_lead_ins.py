"""What a model says above an answer without fields is taken off; a text that only begins so stays."""

from tests.core.method.test_remarks import IN, PLAIN, each
from tests.core.method.test_rows import NAMES, read

ANNOUNCING = {
    "en": [
        "Of course! Here is the poem:",
        "Certainly, I can help with that.",
        "Here is the poem:",
        "Here is an example of that.",
        "Okay, here's a short poem about the sea:",
        "Here are the examples:",
        "Certainly. Here is an example of that.",
        "Sure! Here's an example:",
    ],
    "es": [
        "¡Claro! Aquí tienes:",
        "Aquí tienes los ejemplos.",
        "¡Por supuesto! Aquí tienes el poema:",
        "Claro, aquí tienes un poema sobre el mar:",
    ],
    "ja": [
        "もちろんです！以下が例です：",
        "それでは、例を示します。",
        "はい、以下が詩です。",
    ],
    "ko": [
        "네, 다음과 같습니다:",
        "요청하신 예시를 작성해 드리겠습니다.",
        "네, 바다에 대한 시입니다:",
    ],
    "zh": [
        "当然可以！以下是示例：",
        "好的，以下是内容：",
        "当然可以！这是一首关于海的诗：",
    ],
}
AGREEING = {
    "en": [
        "Sure!",
        "Of course!",
        "Okay.",
        "Got it!",
        "Understood.",
        "Sure, I can help with that.",
        "Great question!",
        "Great choice!",
        "Sure thing!",
        "Sure, here you go!",
        "Absolutely! I'd be happy to help you with that.",
        "No problem! Let's get started.",
    ],
    "es": [
        "¡Por supuesto!",
        "Claro que sí.",
        "¡Buena pregunta!",
        "Claro, te ayudo con eso.",
    ],
    "ja": [
        "もちろんです。",
        "はい、分かりました。",
        "いい質問ですね！",
        "承知しました。お手伝いします。",
        "承知いたしました。",
    ],
    "ko": [
        "네, 알겠습니다.",
        "물론입니다.",
        "좋은 질문입니다!",
        "물론입니다! 도와드리겠습니다.",
    ],
    "zh": [
        "当然！",
        "好的，没问题。",
        "好问题！",
        "好的，我来帮你。",
    ],
}
BEGINNING_A_TEXT = {
    "en": [
        "Of course, not everyone agrees.",
        "Sure, we all know the sea.",
        "Here is the news.",
        "Understood. The order is placed.",
        "Great, thanks for the call.",
        "This is London calling.",
        "Great Expectations",
        "Sure-footed",
        "Definitely Maybe",
        "Okay, I was wrong.",
        "Here is the story of my life.",
        "Certainly the sea is old.",
        "No problem is too big.",
        "Great works of art:",
    ],
    "es": [
        "Claro, no todos están de acuerdo.",
        "Vale la pena.",
        "Por supuesto, el mar es viejo.",
        "Entendido. El pedido está hecho.",
        "Aquí está el mar.",
        "Perfecto, nos vemos.",
        "Claro de luna",
    ],
    "ja": [
        "もちろん、例外もある。",
        "はい、私は行きます。",
        "承知しました。注文を受け付けました。",
        "以下の通達があった。",
        "次の日、海へ行った。",
    ],
    "ko": [
        "네, 저는 갑니다.",
        "물론, 예외도 있다.",
        "알겠습니다. 주문을 받았습니다.",
        "다음은 바다이다.",
    ],
    "zh": [
        "当然，不是所有人都同意。",
        "好的，我明天去。",
        "明白了。订单已下。",
        "好书不厌百回读。",
        "可以说，海是蓝的。",
    ],
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


@each(BEGINNING_A_TEXT)
def test_a_first_line_that_only_begins_with_such_a_word_and_goes_on_about_the_world_stays(
    code: str, text: str
) -> None:
    whole = f"{text}\n\n{PLAIN[code]}"
    assert read(whole, code) == ([("", whole)], set())
