"""The tags of a stack, which every service must be able to take."""

import re

from components.setting_reader import SettingReader

OWN = ("project", "stack")
"""Keys of the tags that the program gives by itself."""

# An object in S3 takes ten tags, less than everything else.
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html
MOST = 10 - len(OWN)
# What all services take: https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html
_KEY, _VALUE = re.compile(r"(?!aws:)[\w .:/=+@-]{1,128}", re.IGNORECASE), re.compile(r"[\w .:/=+@-]{1,256}")


def read_tags(read: SettingReader) -> dict[str, str]:
    """:raises SettingError: for tags that some service would refuse."""
    pairs = read.tuples("tags", "key", "value")
    if len(pairs) > MOST:
        raise read.error("tags", pairs, f"a list of at most {MOST} [key, value], because S3 takes ten with our own")
    for pair in pairs:
        if not (_KEY.fullmatch(pair[0]) and _VALUE.fullmatch(pair[1])):
            raise read.error(
                "tags",
                pair,
                "a key (at most 128, not aws:...) and a value (at most 256) of letters, digits and ' .:/=+@-_'",
            )
    # IAM does not tell capital letters from small ones here.
    keys = [*OWN, *(key.lower() for key, _ in pairs)]
    if len(set(keys)) < len(keys):
        raise read.error("tags", pairs, f"a list in which each key stands once, whatever its case, and none is {OWN}")
    return dict(pairs)
