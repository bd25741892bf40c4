"""Whether secrets can be guessed. Asked when the settings are read, so this knows nothing of Django's applications."""

import base64
import binascii
import math
from collections import Counter
from collections.abc import Iterator

from django.core.exceptions import ImproperlyConfigured

LONG = 40
BITS = 128
# what stands in examples, in tutorials and in our own tests
KNOWN = (
    "changeme",
    "change-me",
    "example",
    "insecure",
    "placeholder",
    "only-for-tests",
    "your-secret",
    "password",
    "12345678",
)
FERNET_BYTES, DIFFERENT = 32, 16


def insist(**secrets: list[str]) -> None:
    """Stop the start and say which secret is weak, and why; never what it is."""
    found = list(weaknesses(secrets))
    if found:
        raise ImproperlyConfigured(" ".join(found))


def weaknesses(secrets: dict[str, list[str]]) -> Iterator[str]:
    for name, values in secrets.items():
        judge = fernet if name == "PERSONAL_DATA_KEYS" else word
        if not values:
            yield f"{name} 没有设置。"
        yield from (f"{name} {why}。" for why in map(judge, values) if why)
    taken = Counter(value for values in secrets.values() for value in values)
    names = [name for name, values in secrets.items() if any(taken[value] > 1 for value in values)]
    if names:
        yield f"{'、'.join(names)} 里有相同的值，每个密钥都要单独生成。"


def word(value: str) -> str:
    """Why a secret is weak; "" for one that is not."""
    if len(value) < LONG:
        return f"太短，至少要 {LONG} 个字符"
    if any(known in value.lower() for known in KNOWN):
        return "用的是例子里的值，请重新生成"
    if value in (value + value)[1:-1] or bits(value) < BITS:
        return "太容易猜，请随机生成"
    return ""


def bits(value: str) -> float:
    """How many bits a guesser who knows how often each character occurs would have to guess."""
    counts = Counter(value).values()
    return -sum(count * math.log2(count / len(value)) for count in counts)


def fernet(value: str) -> str:
    try:
        raw = base64.urlsafe_b64decode(value)
    except (binascii.Error, ValueError):
        return "不是有效的密钥，请用 script/server 生成"
    if len(raw) != FERNET_BYTES:
        return "不是有效的密钥，请用 script/server 生成"
    if len(set(raw)) < DIFFERENT or all(32 <= byte < 127 for byte in raw):
        return "是由文字或重复的字节做成的，请随机生成"
    return ""
