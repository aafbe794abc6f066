"""What the issues and items say that the pictures show; nothing of it is true of anybody."""

SUBJECTS = {
    38: "MMS in brief, and where they stand with WHO",
    39: "Three lines of work: demand, supply, delivery",
    40: "What trials say about MMS while breastfeeding",
    41: "A toolkit for sharing the guidance",
    42: "{{ name | Dear reader }}, five questions from midwives",
    43: "Dates for the spring",
}
PREHEADERS = {
    38: "What the tablets hold, and what the list of essential medicines says.",
    39: "What members work on, and how far each line has come.",
    40: "What may improve for mother and child, and how firmly it is known.",
    41: "Material for passing on the guidance of the MMS TAG.",
    42: "What to answer at the next visit, and a checklist for the wall.",
    43: "Two meetings, one of them online, and how to register for both.",
}
INTRODUCTION = """\
Dear {{ name | reader }},

midwives hand out the tablets, and midwives are asked.
"""
BETTER_INTRODUCTION = """\
Dear {{ name | reader }},

midwives hand out the tablets, and **midwives are asked**. We collected what women wanted to know
in February, and what they were told.
"""
AFTERWORD = """\
Two things to do with it:

- hang the checklist up where tablets are handed out
- tell us what your midwives are asked
"""
FRENCH = (
    "Cinq questions de sages-femmes",
    "Que répondre à la prochaine visite, et un aide-mémoire à afficher.",
    "Bonjour {{ name | lectrice, lecteur }},\n\nles sages-femmes distribuent les comprimés.",
)
FRENCH_BLOCKS = (
    ("Cinq questions posées à des sages-femmes", "Les réponses, dans leurs propres mots."),
    ("Aide-mémoire pour la remise des comprimés", "Une page à afficher au mur."),
    (),
    ("", "Un centre de santé entre des collines vertes"),
    ("Ce que vous pouvez en faire",),
    ("", "Affichez l'aide-mémoire, et dites-nous ce que l'on demande à vos sages-femmes."),
    ("Nous le dire",),
)
"""The words of each block in French; one item has none yet."""

NOTE = "The answer to the fourth question is new. Is it what we say elsewhere?"
REASON = "That paper is there in English only"

ITEMS = (
    (
        "publication",
        "Five questions that midwives were asked in February",
        "May I take it with tea? What if I forget one? The answers, in the words of those who "
        "gave them.",
    ),
    (
        "tool",
        "Checklist for handing out tablets",
        "One page for the wall: what to ask, what to say, what to write down.",
    ),
    (
        "event",
        "Webinar: counselling in ten minutes",
        "Two clinics show how they talk about supplements when the queue is long.",
    ),
    (
        "guidance",
        "How to read a stock card",
        "When to order, how much, and what to do with what is left over.",
    ),
    (
        "event",
        "Spring meeting of the members",
        "Two days in April, in person and online. Registration is open.",
    ),
)
"""Kind, title and summary of each, the newest first."""

ANSWERS = {
    0: {"reply_code": 552, "reply_status": "5.2.2", "reason": "mailbox full"},
    1: {"reply_code": 550, "reply_status": "5.1.1", "reason": "no such user"},
    2: {"reply_code": 554, "reply_status": "5.7.1", "reason": "refused by policy"},
}
"""What receiving servers answered, by what is left of a reader's number divided by three."""

LATER = {"reply_code": 451, "reply_status": "4.7.1", "reason": "too many messages, try later"}

APPLICATIONS = (
    (
        "organisation",
        "Midwives of the Hills",
        "NP",
        "en",
        "Two hundred midwives in nine districts, who hand out the tablets every day.",
    ),
    (
        "individual",
        "Grace Diallo",
        "BF",
        "fr",
        "Quinze ans de consultations prénatales, et des chiffres que je peux partager.",
    ),
    (
        "organisation",
        "Tablets by the Tonne",
        "DE",
        "en",
        "We would send your members our prices every month.",
    ),
    (
        "organisation",
        "Mothers First",
        "NG",
        "en",
        "Radio plays in four languages, and people who listen to them.",
    ),
    (
        "organisation",
        "Institute of Nutrition",
        "PE",
        "es",
        "Un laboratorio que analiza suplementos y un curso para el personal de salud.",
    ),
    (
        "organisation",
        "Clinics of the Delta",
        "BD",
        "en",
        "Forty clinics along the river, and twelve years of their stock cards.\n\n"
        "Our nurses could try out new counselling cards and tell you which ones women take home. "
        "We have no money to give.",
    ),
    (
        "individual",
        "Farida Hossain",
        "BD",
        "en",
        "I write about health for two newspapers.",
    ),
)
"""Who asked to become a member: kind, name, country, language, and what they would bring."""

DECISIONS = {
    0: "",
    1: "",
    2: "Members work on the objectives together and sell each other nothing. You are welcome to "
    "read what we publish.",
    3: "",
    4: "",
}
"""What was decided of them, by their places: accepted, or declined and why."""

INVITATION = "What are your midwives asked?"
COMMENTS = {
    44: (
        "Zoë Castro",
        "zoe@hospital.example",
        "en",
        "“Will the baby grow too large?” It is the first thing that we are asked, and it is not "
        "among the five.",
    ),
    19: (
        "Joseph Banda",
        "joseph@ministry.example",
        "fr",
        "Chez nous, on demande surtout si les comprimés remplacent un repas.",
    ),
    3: (
        "",
        "esi@ngo.example.org",
        "en",
        "May we print the answers on the back of our appointment cards? We would write where they "
        "come from.",
    ),
}
"""What readers think of an item: hours ago, by whom, in which language, and what they wrote."""

WHY = (
    {"too-many": 7, "elsewhere": 2},
    {"too-many": 9, "not-for-me": 5, "other": 1},
    {"too-many": 6, "never-asked": 1},
    {"not-for-me": 6, "elsewhere": 5, "other": 3},
)
"""How often each reason for leaving was said, the newest month first."""
