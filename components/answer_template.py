"""The sentence of the answer."""

# It is one of the function's environment variables, for which Lambda has 4 KB in all.
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
LONGEST = 1_000


def is_answer_template(value: str) -> bool:
    """Whether a text has ``{label}`` in it, and no other braces.

    The function fills the sentence in Python, the page in JavaScript, and both must agree.
    """
    others = set("{}") & set(value.replace("{label}", ""))
    return "{label}" in value and not others and len(value) <= LONGEST
