"""What the issue says; nothing of the product is needed to know it."""

SUBJECT = "{{ name | reader }}: new guidance for {{ attributes.country | your country }}"

INTRODUCTION = """\
Dear {{ name | reader }},

you read this as {{ attributes.role | a colleague }} at {{ attributes.organisation | your place }}
in {{ attributes.city | your city }}, {{ attributes.country | your country }}, with the number
{{ attributes.member_number | of a guest }} since {{ attributes.member_since | this year }}.
You told us that you work in {{ attributes.working_language | English }} and care about
{{ attributes.interest | everything }}. Is {{ attributes.last_name | your name }} still right?

"""

PARAGRAPH = (
    "Pregnant women in the places where we work need more than iron and folic acid. The new "
    "guidance says who benefits from multiple micronutrient supplements, what they cost, how to "
    "buy them, and how to tell whether a programme reaches the women it was made for.\n\n"
)
