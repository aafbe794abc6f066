"""What members of the sample's consortium agree to."""

OBJECTIVES = {
    "en": (
        "We share these objectives:\n"
        "• one strategy and one plan of work for bringing in multiple micronutrient supplements "
        "(MMS) for pregnant women and making them common in low- and middle-income countries;\n"
        "• more people who know of MMS, agree on them, and turn them into policies and "
        "programmes;\n"
        "• answers to open questions, found together by those who know the subject;\n"
        "• knowledge about MMS gathered in one place, open to everybody."
    ),
    "fr": (
        "Nous partageons ces objectifs\u00a0:\n"
        "• une stratégie et un plan de travail communs pour introduire les suppléments en "
        "micronutriments multiples (SMM) destinés aux femmes enceintes et les généraliser dans "
        "les pays à revenu faible ou intermédiaire\u00a0;\n"
        "• davantage de personnes qui connaissent les SMM, s’accordent à leur sujet et en font des "
        "politiques et des programmes\u00a0;\n"
        "• des réponses aux questions ouvertes, trouvées ensemble par celles et ceux qui "
        "connaissent le sujet\u00a0;\n"
        "• des connaissances sur les SMM réunies en un seul lieu, ouvert à tous."
    ),
    "es": (
        "Compartimos estos objetivos:\n"
        "• una estrategia y un plan de trabajo comunes para introducir los suplementos de "
        "micronutrientes múltiples (SMM) para embarazadas y extender su uso en los países de "
        "ingresos bajos y medianos;\n"
        "• más personas que conozcan los SMM, se pongan de acuerdo sobre ellos y los conviertan en "
        "políticas y programas;\n"
        "• respuestas a las preguntas abiertas, halladas en común por quienes conocen el tema;\n"
        "• conocimientos sobre los SMM reunidos en un solo lugar, abierto a todo el mundo."
    ),
    "pt": (
        "Partilhamos estes objetivos:\n"
        "• uma estratégia e um plano de trabalho comuns para introduzir os suplementos de "
        "micronutrientes múltiplos (SMM) para grávidas e generalizar o seu uso em países de "
        "rendimento baixo e médio;\n"
        "• mais pessoas que conheçam os SMM, cheguem a acordo sobre eles e os transformem em "
        "políticas e programas;\n"
        "• respostas às questões em aberto, encontradas em conjunto por quem conhece o tema;\n"
        "• conhecimento sobre os SMM reunido num só lugar, aberto a todas as pessoas."
    ),
    "ar": (
        "نحن نشارك في هذه الأهداف:\n"
        "• استراتيجية واحدة وخطة عمل واحدة لإدخال مكملات المغذيات الدقيقة المتعددة للحوامل "
        "وتعميمها في البلدان المنخفضة والمتوسطة الدخل؛\n"
        "• مزيد من الناس الذين يعرفون هذه المكملات ويتفقون بشأنها ويحولونها إلى سياسات وبرامج؛\n"
        "• إجابات عن الأسئلة المفتوحة يجدها معا من يعرفون الموضوع؛\n"
        "• معارف عن هذه المكملات مجموعة في مكان واحد مفتوح للجميع."
    ),
}
"""The words by language."""
