"""What a model says around its answer is taken off; the words of a letter, a speech or a dialogue stay."""

import pytest

from tests.core.method.test_rows import NAMES, read

IN = "cod"

ABOUT_THE_ANSWER = {
    "en": [
        "Hope that helps!",
        "Hopefully that helps!",
        "I hope you found this helpful.",
        "I hope you enjoyed this story!",
        "I hope this clarifies things.",
        "I hope this explains it.",
        "I hope this gives you an idea.",
        "I hope this provides a good overview.",
        "I hope this inspires you!",
        "You're welcome!",
        "Happy coding!",
        "Always happy to help!",
        "I hope this is okay.",
        "I hope this poem captures the sea.",
        "Feel free to adjust it to your needs.",
        "I hope that helps!",
        "Hope you like it!",
        "I've included two examples as requested.",
        "If you'd like, I can make it longer.",
        "Want me to write another one?",
        "Let me know if you need anything else!",
        "Let me know if you have any other questions.",
        "Would you like me to write another one?",
        "Is there anything else I can help you with?",
        "Feel free to ask if you have any questions.",
        "Let me know if you'd like more examples.",
        "Let me know if you'd like more.",
        "Would you like another one?",
        "These examples cover both cases.",
        "I hope these examples help!",
        "Hope this is useful.",
        "I hope this helps you understand it better.",
        "Hope this helps.",
        "Please let me know if you need further assistance.",
        "If you have any questions, feel free to ask!",
        "If you need more help, just let me know.",
        "I'm happy to help with anything else!",
        "Let me know if you want me to change anything.",
        "Let me know if this works for you!",
        "I hope you like this poem!",
        "I hope this meets your expectations.",
        "Feel free to modify these examples.",
        "Shall I continue?",
        "Feel free to let me know if you need more!",
        "If you would like me to continue, let me know.",
        "I hope these are helpful!",
        "Enjoy! Let me know if you have any questions.",
        "Let me know if you'd like a longer version.",
        "I hope the examples are clear.",
        "Should I write another one?",
        "Do you want more examples?",
        "Hope this answers your question!",
        "Let me know if you would like any changes.",
        "Let me know if you'd like me to adjust the tone.",
    ],
    "es": [
        "¡Espero que te sirva!",
        "Avísame si quieres más ejemplos.",
        "¿Quieres más?",
        "Estos ejemplos cubren los dos casos.",
        "Espero que te guste.",
        "Espero que te haya gustado el poema.",
        "Espero que esto te ayude.",
        "Espero haberte ayudado.",
        "Si tienes alguna pregunta, avísame.",
        "Si necesitas más ayuda, aquí estoy.",
        "¿Quieres que escriba otro?",
        "¿Te gustaría que añada más detalles?",
        "Si quieres, puedo hacerlo más largo.",
        "¿Hay algo más en lo que pueda ayudarte?",
        "No dudes en preguntar.",
        "Avísame si necesitas algo más.",
        "¡De nada!",
        "Espero que sea de ayuda.",
        "Espero que les resulte útil.",
        "Espero que esta información te sea útil.",
        "¡Espero que te sean útiles!",
        "Dime si quieres que lo cambie.",
    ],
    "ja": [
        "お役に立てれば幸いです。",
        "ほかの例が必要でしたらお知らせください。",
        "続けて作成しますか？",
        "以上の例は両方の場合を含みます。",
        "ご参考になれば幸いです。",
        "気に入っていただけると嬉しいです。",
        "他にご質問があればお気軽にどうぞ。",
        "ご不明な点があればお気軽にお尋ねください。",
        "他に何かお手伝いできることはありますか？",
        "もっと例を作りましょうか？",
        "さらに必要でしたらお知らせください。",
        "どういたしまして。",
        "修正が必要な場合は教えてください。",
        "ご希望でしたら追加で作成します。",
    ],
    "ko": [
        "도움이 되었기를 바랍니다!",
        "더 많은 예시가 필요하시면 말씀해 주세요.",
        "계속 작성할까요?",
        "이 예시들은 두 경우를 모두 포함합니다.",
        "도움이 되셨으면 좋겠습니다.",
        "마음에 드셨으면 좋겠습니다!",
        "궁금한 점이 있으시면 말씀해 주세요.",
        "더 도와드릴 것이 있을까요?",
        "다른 도움이 필요하신가요?",
        "필요하시면 더 써 드릴게요.",
        "추가 질문이 있으시면 알려주세요.",
        "천만에요!",
    ],
    "zh": [
        "希望对您有帮助！",
        "如果需要更多例子，请告诉我。",
        "您还需要其他例子吗？",
        "以上例子涵盖了两种情况。",
        "希望您喜欢！",
        "希望这对你有所帮助。",
        "希望这些例子能帮到你。",
        "需要我继续吗？",
        "如有其他问题，请随时告诉我。",
        "如果你愿意，我可以再写一个。",
        "还有什么我可以帮您的吗？",
        "不客气！",
        "要不要我再写一首？",
        "希望你喜欢这首诗。",
        "希望能帮到您！",
        "如果还有问题，欢迎随时提问。",
    ],
}
PLAIN = {
    "en": "The cod is a fish.",
    "es": "El bacalao es un pez.",
    "ja": "鱈は魚である。",
    "ko": "대구는 물고기이다.",
    "zh": "鳕鱼是一种鱼。",
}
OF_THE_TEXT = {
    "en": [
        "Would you like to visit Rome? Book a flight today!",
        "If you need help, call 555-1234.",
        "I'm glad we went.",
        "Thank you.",
        "That's all.",
        "This is my story.",
        "Enjoy!",
        "I am happy with our choice.",
        "If you have any questions, contact our support team.",
        "If you would like to apply, send a CV to us.",
        "Is there anything better than a dog?",
        "Please do not hesitate to ask the staff.",
        "Let me know in the comments!",
        "Do you want one? Call now.",
        "Note: The list must be sorted.",
        "The output is 3.",
        "The questions were hard.",
        "Note that this function assumes that the input is a list.",
        "All instructions are on the box.",
        "These examples show that bears are shy.",
        "PS: The list is on the fridge.",
        "I can still remember the instructions.",
        "The input is a number.",
        "If you want to save more, cut small costs first.",
        "Feel free to add salt.",
        "I hope you can come.",
        "I hope it stays.",
        "Love never ends.",
        "Would you like more? Call now!",
        "Let me know if you can come.",
        "Please do not hesitate to contact us.",
        "I hope this finds you well.",
        "Feel free to call.",
        "I hope this helps others decide.",
        "Want more? Subscribe today!",
        "The tasks were divided among them.",
        "If you want to know more, read his book.",
        "I have written a letter to the mayor.",
        "I can help you carry it.",
        "These tasks were easy.",
        "Should I stay?",
        "Shall I compare thee to a summer's day?",
        "I am here to stay.",
        "I hope you like it here.",
        "Feel free to use the pool.",
    ],
    "es": [
        "Si quieres empezar, busca una clase.",
        "¿Necesitas más tiempo? ¡Compra hoy!",
        "Gracias.",
        "Si necesitas ayuda, llama al 555.",
        "¿Quieres venir?",
        "Eso es todo.",
        "Espero que vengas.",
        "Estos ejemplos muestran que el mar cambia.",
        "Me alegro de haber ido.",
        "¡Disfruta!",
    ],
    "ja": [
        "さらに、適度な運動も必要である。",
        "他にも多くの方法がある。",
        "以上です。",
        "ありがとうございました。",
        "他に方法はないのか。",
        "もっと勉強が必要です。",
        "ご不明な点はお問い合わせください。",
        "さらに詳しく説明します。",
    ],
    "ko": [
        "더 많은 연구가 필요하다.",
        "다른 사람을 도와야 한다.",
        "감사합니다.",
        "이상입니다.",
        "도움이 되면 좋겠다.",
        "문의해 주세요.",
    ],
    "zh": [
        "需要更多研究吗？",
        "谢谢。",
        "希望能早日见到你。",
        "如果需要帮助，请拨打电话。",
        "如有问题，请联系我们。",
        "希望你喜欢北京。",
        "还有什么比狗更好的吗？",
    ],
}
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


@each(OF_THE_TEXT)
def test_what_speaks_of_the_world_is_part_of_the_text_that_it_ends(code: str, text: str) -> None:
    first, second, _ = NAMES[code]
    for gap in ("\n\n", "\n"):
        whole = f"{PLAIN[code]}{gap}{text}"
        assert read(f"{first}: {IN}\n{second}: {whole}", code) == ([(IN, whole)], set())
        assert read(whole, code) == ([("", whole)], set())


NO_LETTERS = {
    "en": [
        "The sun goes down,\n\nthe stars come out.",
        "However,\n\nthe sea is calm.",
        "The door opened.\n\nHello, said the fox.\n\nThe hen ran away.",
        "Hello, said the fox.\n\nThe hen ran away.",
        "Subject: The cat\nVerb: sleeps",
        "Ways to say goodbye:\n\nBye\nCheers\nSee you",
        "1. Drink water.\n2. Rest your eyes.",
        "You can bake it at 200 degrees.",
    ],
    "es": ["La puerta se abrió.\n\nHola, dijo el zorro.", "Tú puedes hornearlo."],
    "ja": ["戸が開いた。\n\nこんにちは、と狐は言った。", "二百度で焼いてください。"],
    "ko": ["문이 열렸다.\n\n안녕하세요, 여우가 말했다.", "이백 도에서 구우세요. 여러분도 할 수 있어요."],
    "zh": ["门开了。\n\n你好，狐狸说。", "你可以用两百度烤。"],
}


@each(NO_LETTERS)
def test_below_any_other_text_a_wish_or_an_offer_is_the_model_s(code: str, text: str) -> None:
    first, second, _ = NAMES[code]
    for remark in ABOUT_THE_ANSWER[code][:10]:
        assert read(f"{first}: {IN}\n{second}: {text}\n\n{remark}", code) == ([(IN, text)], set())


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


@each(BEGINNING_A_TEXT)
def test_a_first_line_that_only_begins_with_such_a_word_and_goes_on_about_the_world_stays(
    code: str, text: str
) -> None:
    whole = f"{text}\n\n{PLAIN[code]}"
    assert read(whole, code) == ([("", whole)], set())
