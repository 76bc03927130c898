"""What a model says below its answer is taken off; what speaks of the world is part of the text."""

import pytest

from selfinstruct.core.method import parse_proposals
from tests.core.method.test_rows import NAMES, read

IN = "cod"

ABOUT_THE_ANSWER = {
    "en": [
        "Hope that's useful.",
        "If you need anything else, just ask!",
        "Note: The inputs above are made up.",
        "*Note: these are fictional.*",
        "I've tried to vary the inputs.",
        "I made sure that each example is different.",
        "Both examples follow the requested format.",
        "You can use these examples as templates.",
        "Each of these demonstrates the expected behavior.",
        "Please find the examples above.",
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
        "¿Te gustaría ver más?",
        "Nota: las entradas son ficticias.",
        "Ambos ejemplos siguen el formato.",
        "Puedes usar estos ejemplos como plantilla.",
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
        "注：これらは架空の例です。",
        "どちらの例も形式に従っています。",
        "必要に応じて例を変更してください。",
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
        "궁금한 점이 있으면 언제든지 물어보세요.",
        "참고: 위 예시는 가상의 것입니다.",
        "예시 끝.",
        "두 예시 모두 형식을 따릅니다.",
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
        "您可以根据需要修改这些示例。",
        "这两个例子都符合要求。",
        "以上就是两个示例。",
        "如有疑问，请随时提问。",
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
        "Note: The oven must be hot.",
        "The output is 3.",
        "The questions were hard.",
        "Note that this function assumes that the input is a list.",
        "All instructions are on the box.",
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
        "I hope this list of worries gets shorter.",
        "I hope the story never ends, he thought.",
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
        "Espero que vengas.",
        "Me alegro de haber ido.",
        "¡Disfruta!",
    ],
    "ja": [
        "さらに、適度な運動も必要である。",
        "他にも多くの方法がある。",
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


GREETINGS = {
    "en": "Dear all,",
    "es": "Estimados amigos:",
    "ja": "皆様、",
    "ko": "여러분,",
    "zh": "各位朋友：",
}
OF_EITHER = {
    "en": [
        "That's all.",
        "That's it!",
        "Done!",
        "(These are only examples.)",
        "As you can see, the outputs are short.",
        "The examples above should be enough.",
        "Note: The names are fictional.",
        "These examples show that bears are shy.",
        "Both examples show how she used irony.",
        "I can give you more examples in our next meeting.",
    ],
    "es": ["Eso es todo.", "Estos son solo ejemplos.", "Estos ejemplos muestran que el mar cambia."],
    "ja": ["以上です。", "上記は一例です。"],
    "ko": ["이상입니다.", "각 예시는 서로 다릅니다."],
    "zh": ["完毕。", "注：以上内容均为虚构。", "这些只是例子。"],
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


TASKS = {
    "en": ["Compose a limerick about a goat.", "Name three rivers."],
    "es": ["Escribe un poema sobre una cabra.", "Nombra tres ríos."],
    "ja": ["ヤギについての詩を書いてください。", "川の名前を三つ挙げてください。"],
    "ko": ["염소에 대한 시를 써 주세요.", "강 세 개를 말해 주세요."],
    "zh": ["写一首关于山羊的诗。", "列出三条河流。"],
}


@each(ABOUT_THE_ANSWER)
def test_a_remark_below_a_list_is_no_task_and_no_part_of_one(code: str, text: str) -> None:
    first, second = TASKS[code]
    for tasks in (f"{first}\n{second}", f"1. {first}\n2. {second}", f"- {first}\n- {second}"):
        for gap in ("\n", "\n\n"):
            read_tasks = parse_proposals(
                f"{tasks}{gap}{text}", cut=False, continues_item=False, language=code
            )
            assert read_tasks == TASKS[code]


def test_a_note_with_a_mark_that_is_also_a_bullet_is_no_task() -> None:
    tasks = "\n".join(TASKS["ja"])
    assert (
        parse_proposals(f"{tasks}\n※入力は架空です。", cut=False, continues_item=False, language="ja")
        == TASKS["ja"]
    )


@each(OF_THE_TEXT)
def test_what_speaks_of_the_world_is_part_of_the_text_that_it_ends(code: str, text: str) -> None:
    first, second, _ = NAMES[code]
    for gap in ("\n\n", "\n"):
        whole = f"{PLAIN[code]}{gap}{text}"
        assert read(f"{first}: {IN}\n{second}: {whole}", code) == ([(IN, whole)], set())
        assert read(whole, code) == ([("", whole)], set())


@each(OF_EITHER)
def test_what_may_be_the_model_s_or_the_text_s_leaves_the_end_open(code: str, text: str) -> None:
    first, second, _ = NAMES[code]
    plain = PLAIN[code]
    for gap in ("\n\n", "\n\n---\n\n"):
        assert read(f"{first}: {IN}\n{second}: {plain}{gap}{text}", code) == ([], {"unreadable"})
    letter = f"{GREETINGS[code]}\n\n{plain}\n\n{text}"
    assert read(f"{first}: {IN}\n{second}: {letter}", code) == ([(IN, letter)], set())


def test_a_text_about_inputs_and_outputs_may_end_with_them() -> None:
    text = "The function maps inputs to outputs.\n\nAll outputs are sorted."
    assert read(f"Input: {IN}\nOutput: {text}") == ([(IN, text)], set())


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
