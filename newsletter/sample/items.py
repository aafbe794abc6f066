"""What is in the library of the sample."""

from dataclasses import dataclass
from datetime import date

LAUNCH = date(2021, 3, 10)
GUIDANCE = date(2025, 1, 20)

WORLD = "Global"
BURDENED = "High-burden countries"
LMICS = "Low- and middle-income countries"


@dataclass(frozen=True)
class SampleItem:
    """One item of the sample; without a date it is of the day on which it is loaded."""

    kind: str
    title: str
    summary: str
    topics: tuple[str, ...]
    path: str = ""
    region: str = WORLD
    published_on: date | None = None
    body: str = ""


ITEMS = (
    SampleItem(
        kind="event",
        title="CONNECTED Conference, November 2020",
        summary="At this conference the Micronutrient Forum announced what the consortium would "
        "work on: putting MMS for pregnant women into practice, at scale.",
        topics=("news", "mms"),
        path="events/connected-2020",
        published_on=LAUNCH,
    ),
    SampleItem(
        kind="event",
        title="Launch webinar of the consortium",
        summary="A global webinar on 10 March 2021 opened the Healthy Mothers Healthy Babies "
        "Consortium.",
        topics=("news",),
        path="events/launch-webinar",
        published_on=LAUNCH,
    ),
    SampleItem(
        kind="news",
        title="From the 2019 Goalkeepers Accelerator to a consortium",
        summary="The consortium did not start from nothing: it carries on what the Healthy Mothers "
        "Healthy Babies Goalkeepers Accelerator began in 2019.",
        topics=("news", "mms"),
        path="news/goalkeepers-accelerator",
        published_on=LAUNCH,
    ),
    SampleItem(
        kind="news",
        title="The Micronutrient Forum is the consortium's secretariat",
        summary="The Micronutrient Forum runs the secretariat. Kirk Humanitarian and the "
        "Children's Investment Fund Foundation (CIFF) support it in this.",
        topics=("news",),
        path="news/secretariat",
        published_on=LAUNCH,
    ),
    SampleItem(
        kind="news",
        title="Members wanted: what joining means",
        summary="Organisations and individuals who share the consortium's objectives were invited "
        "to become members. This is what they find there.",
        topics=("news",),
        path="news/become-a-member",
        published_on=LAUNCH,
        body="""\
Members meet others around the world who speak up for multiple micronutrient supplements (MMS).
They have a say in what comes next for MMS, and a place to ask for help with their own work.

Insights, data and discussion reach them while fresh; contacts, and practice in arguing for MMS,
come with it.

In return the consortium speaks with one voice and brings those who lead in their own countries to
the front.
""",
    ),
    SampleItem(
        kind="news",
        title="Demand, supply, delivery: three lines of work for MMS",
        summary="Members want countries with a high burden to ask for MMS, good and affordable "
        "tablets to be made in sufficient number, and women to receive and take them.",
        topics=("mms", "maternal-nutrition"),
        path="news/three-lines-of-work",
        region=BURDENED,
        published_on=LAUNCH,
        body="""\
**Demand.** Where the burden is high, members work so that MMS are wanted and asked for.

**Supply.** Tablets have to be of high quality, affordable and made in quantity. Members build up
supply that lasts, worldwide and closer to the women who need it.

**Delivery.** A tablet helps when it arrives and is taken as recommended. Members look at both:
efficient ways of handing it out, and how well women can keep to the dosage.
""",
    ),
    SampleItem(
        kind="publication",
        title="MMS in brief: fifteen micronutrients in one tablet",
        summary="What multiple micronutrient supplements are, and why they are preferred to iron "
        "and folic acid alone.",
        topics=("mms", "maternal-nutrition"),
        published_on=LAUNCH,
        body="""\
Many pregnant women cannot get the varied food that a healthy pregnancy requires, and many lack
good antenatal care and nutrition services.

Multiple micronutrient supplements (MMS) hold 15 micronutrients that mother and child need. They
are proven, safe and worth their cost, and birth outcomes are better with them than with iron-folic
acid supplements alone.
""",
    ),
    SampleItem(
        kind="news",
        title="Healthy Mothers Healthy Babies Consortium launched",
        summary="The Micronutrient Forum and its partners have launched a consortium that wants "
        "good maternal nutrition services, and affordable MMS, to reach pregnant women everywhere.",
        topics=("news", "maternal-nutrition", "mms"),
        path="news/launch",
        published_on=LAUNCH,
        body="""\
The Healthy Mothers Healthy Babies Consortium (HMHB) was launched in a global webinar on 10 March
2021. Behind it stand the Micronutrient Forum and its partners.

Its subject is putting multiple micronutrient supplements (MMS) into practice and into the hands of
many more pregnant women. The aim is plain: mothers stay healthy, and more babies start life ready
to thrive.

The members intend to agree on one agenda, to speak for it together, to bring people to one table
and to share what they know and have.
""",
    ),
    SampleItem(
        kind="publication",
        title="Where MMS stand with WHO",
        summary="The World Health Organization recommends MMS in pregnancy for certain contexts, "
        "and the UNIMMAP formulation is on its list of essential medicines.",
        topics=("mms",),
        path="publications/mms-and-who",
        published_on=GUIDANCE,
    ),
    SampleItem(
        kind="publication",
        title="MMS while breastfeeding: what trials suggest",
        summary="Trials point to benefits for mother and child when MMS are taken while "
        "breastfeeding. A summary of what may improve, and how firmly it is known.",
        topics=("mms", "maternal-nutrition"),
        path="publications/mms-while-breastfeeding",
        published_on=GUIDANCE,
        body="""\
MMS may change which micronutrients breast milk contains. They may also help the infant to grow, the
mother to think clearly, and both to be well supplied with micronutrients.

That a mother gains from MMS after the birth is presumed: it is biologically plausible. MMS are
likely to be safe, and a useful addition to what she eats, and so for the child at her breast.
""",
    ),
    SampleItem(
        kind="tool",
        title="Social media toolkit for the MMS TAG guidance",
        summary="Material for passing on the guidance of 20 January 2025 in social media.",
        topics=("mms",),
        path="tools/mms-tag-social-media-toolkit",
        published_on=GUIDANCE,
    ),
    SampleItem(
        kind="guidance",
        title="New guidance from the MMS TAG: leftover tablets after the birth",
        summary="How decision-makers can read the mention of breastfeeding women on the label of "
        "UNIMMAP MMS, and what may happen with antenatal tablets that are left over.",
        topics=("mms", "maternal-nutrition"),
        path="guidance/mms-after-the-birth",
        published_on=GUIDANCE,
        body="""\
More and more governments give MMS in antenatal care. Those who hand them out keep asking the same
question: may a woman go on taking the tablets that are left when her child is born? The label of
UNIMMAP MMS mentions breastfeeding women; how is that to be understood?

The technical advisory group on MMS in pregnancy (MMS TAG), hosted by the consortium, answers.
**Pregnant women come first** in national antenatal care. If tablets remain after the birth, women
may use them up.

UNICEF's guidance, too, supports going on with MMS after the birth, as a time when a mother's body
can restore what pregnancy has drawn on.
""",
    ),
    SampleItem(
        kind="publication",
        title="Strategic framework of the consortium",
        summary="One document that sets out the consortium's vision, mission and priorities, and "
        "what it is responsible for.",
        topics=("news", "mms"),
        path="publications/strategic-framework",
        region=LMICS,
        body="""\
Leaving iron-folic acid (IFA) for MMS takes joint effort by many, in many places. The framework is
there so that they pull in the same direction.

Stakeholders, and those who think about joining, are asked to read it and to tell the secretariat
what they make of it.
""",
    ),
    SampleItem(
        kind="publication",
        title="Mission and objectives",
        summary="Why the consortium exists, and the four things it does so that MMS become "
        "available sooner and are used well.",
        topics=("news", "maternal-nutrition", "mms"),
        path="about/mission",
        region=LMICS,
        body="""\
The mission is better maternal nutrition. The means is members acting together, so that women in
low- and middle-income countries can get MMS sooner and use them to good effect.

1. **Align.** One strategy and one roadmap for introducing and scaling MMS.
2. **Advocate.** Make MMS known, build agreement, and work for policies and programmes that take
   them up.
3. **Convene.** Bring experts together where a new question holds things up, and discuss the
   evidence.
4. **Share.** Collect what is known about MMS and make it public.
""",
    ),
    SampleItem(
        kind="tool",
        title="The public MMS repository",
        summary="Evidence, tools, guidance and lessons learned about MMS in one place that is open "
        "to everybody and keeps growing.",
        topics=("mms",),
        path="tools/mms-repository",
    ),
    SampleItem(
        kind="news",
        title="What Stay Informed writes to you about",
        summary="The newsletter brings news of the consortium and of maternal nutrition, MMS and "
        "BEP dietary supplementation.",
        topics=("news", "maternal-nutrition", "mms", "bep"),
        body="""\
Stay Informed is for members, for those who decide, for those who put programmes into practice and
for experts. You choose the topics, and every issue carries a link by which you leave.
""",
    ),
)
"""The library, in the order in which it is added: of equal dates the last comes first in lists."""
