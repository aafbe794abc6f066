"""One issue with every kind of block, written in every language that the form offers."""

from dataclasses import dataclass
from datetime import date

from newsletter.issues.content import (
    Button,
    Content,
    Divider,
    Heading,
    Image,
    ItemRow,
    Prose,
)
from newsletter.library.models import ItemKind


@dataclass(frozen=True)
class Words:
    """What the editors wrote in one language."""

    subject: str
    preheader: str
    introduction: str
    heading: str
    text: str
    title: str
    summary: str
    alt: str
    button: str


WORDS = {
    "en": Words(
        subject="New guidance on supplements in pregnancy",
        preheader="What the guidance says, a tool for planning, and the next meeting",
        introduction="Dear {{ name | reader }},\n\nthis issue brings **three things** that health "
        "workers asked us about, and [an overview](https://www.who.int/overview).",
        heading="For planning in your country",
        text="- How many women are reached today\n- What one pregnancy costs\n\n"
        "> Start with the districts that have the least.",
        title="Supplements in antenatal care",
        summary="Who should get them, for how long, and what they replace.",
        alt="A health worker hands a packet of tablets to a woman",
        button="Register for the meeting",
    ),
    "fr": Words(
        subject="Nouvelles orientations sur les suppléments pendant la grossesse",
        preheader="Ce que disent les orientations, un outil de planification et un rendez-vous",
        introduction="Bonjour {{ name | à vous }},\n\nce numéro répond à **trois questions** du "
        "personnel de santé et propose [une synthèse](https://www.who.int/overview).",
        heading="Pour planifier dans votre pays",
        text="- Combien de femmes sont suivies aujourd’hui\n- Ce que coûte une grossesse\n\n"
        "> Commencez par les districts qui ont le moins de moyens.",
        title="Les suppléments dans les soins prénatals",
        summary="Qui doit les recevoir, pendant combien de temps et ce qu’ils remplacent.",
        alt="Une soignante remet un paquet de comprimés à une femme",
        button="S’inscrire à la réunion",
    ),
    "es": Words(
        subject="Nuevas orientaciones sobre suplementos en el embarazo",
        preheader="Qué dicen las orientaciones, una herramienta para planificar y una reunión",
        introduction="Hola, {{ name | lectora o lector }}:\n\neste número responde a **tres "
        "preguntas** del personal de salud y trae [un resumen](https://www.who.int/overview).",
        heading="Para planificar en su país",
        text="- A cuántas mujeres se llega hoy\n- Cuánto cuesta cada embarazo\n\n"
        "> Empiece por los distritos que tienen menos.",
        title="Los suplementos en la atención prenatal",
        summary="Quién debe recibirlos, durante cuánto tiempo y qué sustituyen.",
        alt="Una trabajadora de salud entrega un paquete de pastillas a una mujer",
        button="Inscribirse en la reunión",
    ),
    "pt": Words(
        subject="Novas orientações sobre suplementos na gravidez",
        preheader="O que dizem as orientações, uma ferramenta para planear e uma reunião",
        introduction="Olá, {{ name | leitora ou leitor }},\n\nesta edição responde a **três "
        "perguntas** de profissionais de saúde e traz [um resumo](https://www.who.int/overview).",
        heading="Para o trabalho no seu país",
        text="- Quantas mulheres são acompanhadas hoje\n- Quanto custa cada gravidez\n\n"
        "> Comece pelos distritos que têm menos.",
        title="Os suplementos nos cuidados pré-natais",
        summary="Quem deve recebê-los, durante quanto tempo e o que substituem.",
        alt="Uma profissional de saúde entrega uma caixa de comprimidos a uma mulher",
        button="Fazer a inscrição na reunião",
    ),
    "ar": Words(
        subject="إرشادات جديدة بشأن المكملات أثناء الحمل",
        preheader="ما تقوله الإرشادات، وأداة للتخطيط، وموعد الاجتماع المقبل في جنيف",
        introduction="تحية طيبة إلى {{ name | القراء }}،\n\nيجيب هذا العدد عن **ثلاثة أسئلة** "
        "طرحها العاملون الصحيون، وفيه [لمحة عامة](https://www.who.int/overview).",
        heading="للتخطيط في بلدك",
        text="- عدد النساء اللواتي تصل إليهن الخدمات اليوم\n- تكلفة كل حمل بالدولار: 2.60\n\n"
        "> البداية من المناطق الأقل موارد.",
        title="المكملات في الرعاية السابقة للولادة",
        summary="من يحتاج إليها، ولأي مدة، وما الذي تحل محله وفق WHO.",
        alt="عاملة صحية تسلم علبة أقراص إلى امرأة",
        button="التسجيل في الاجتماع",
    ),
}
"""The same words in each language."""


def edition(language: str) -> Content:
    """Return the issue in one language, with one item that is in another."""
    words = WORDS[language]
    return Content(
        subject=words.subject,
        preheader=words.preheader,
        introduction=words.introduction,
        blocks=(
            _item(words, language, ItemKind.GUIDANCE),
            _picture(words, language),
            Heading("h", words.heading, language),
            Prose("t", words.text, language),
            _item(words, language, ItemKind.TOOL),
            _item(WORDS["ar" if language == "en" else "en"], "ar" if language == "en" else "en"),
            Divider("d"),
            Button("b", words.button, "https://www.who.int/meeting", language),
        ),
        language=language,
    )


def _item(words: Words, language: str, kind: ItemKind | None = None) -> ItemRow:
    return ItemRow(
        slug="supplements" if kind else "",
        kind=kind,
        title=words.title,
        summary=words.summary,
        url="https://www.who.int/supplements",
        published_on=date(2025, 1, 20),
        language=language,
    )


def _picture(words: Words, language: str) -> Image:
    return Image(
        key="i",
        path="/images/1/health-worker.jpg",
        width=1104,
        height=736,
        alt=words.alt,
        url="https://www.who.int/story",
        language=language,
    )
