"""Text for pages: numbers as 1.6 × 10⁻⁸, θ with its index, the heads in their colours."""

import math
import re
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from twinhead.results.wording import number

HERE = Path(__file__).parent
RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
# Text fonts often lack the raised digits beyond ³, so that in text a power is an element.
POWER = re.compile(r"(?<![\w.])(?:(\d+\.\d+|\d{2,})|(\d))e([+-]?)0*(\d+)\b")
LOWERED = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "−0123456789")
LOW = str.maketrans("01", "₀₁")
FLAT = str.maketrans("₀₁", "01")
RAISED_POWER = re.compile("10([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)")
INDEXED = re.compile(r"\b([θβbγ])([01₀₁])\b")


def environment() -> Environment:
    """Return what renders the templates; an unknown name in one is a defect, never nothing."""
    made = Environment(
        loader=FileSystemLoader([HERE / "templates", HERE / "explorer"]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "rich": rich,
        "heads": heads,
        "short": lambda value: rich(short(value)),
        "plain": short,
        "number": number,
        "digits": lambda text: f"{float(text):.10g}",
        "slug": slug,
    }
    return made


def short(value: Any, digits: int = 2) -> str:
    """Return a number with two digits, which carry a verdict: 1.6e-08, 0.11, 6 369. Text stays."""
    if value is None or isinstance(value, str):
        return "–" if value is None else value
    if not math.isfinite(value):
        return {math.inf: "∞", -math.inf: "−∞"}.get(value, "not a number")
    if value == 0:
        return "0"
    exponent = math.floor(math.log10(abs(value)))
    if (float(value).is_integer() and exponent < 6) or exponent == 3:
        text = f"{value:,.0f}".replace(",", "\u202f")
    elif -3 <= exponent < 3:
        text = f"{value:.{max(0, digits - 1 - exponent)}f}"
    elif abs(value) == 10.0**exponent:
        text = f"{value:.0e}"  # 1e-06 is a power; 1.0e-06 a number that was rounded to it.
    else:
        text = f"{value:.{digits - 1}e}"
    return f"−{text[1:]}" if text.startswith("-") else text


def rich(text: Any) -> Markup:
    """Return text as HTML: 1.59e-08 as a power of ten, θ0 with its index below."""

    def power(found: re.Match) -> str:
        digits, digit, sign, exponent = found.groups()
        raised = f"10<sup>{'−' if sign == '-' else ''}{exponent}</sup>"
        if digit == "1":
            return raised
        return f'<span class="n">{digits or digit}\u00a0×\u00a0{raised}</span>'

    indexed = INDEXED.sub(
        lambda found: f"{found[1]}<sub>{found[2].translate(FLAT)}</sub>", str(escape(text))
    )
    typeset = POWER.sub(power, indexed)
    return Markup(RAISED_POWER.sub(lambda m: f"10<sup>{m[1].translate(LOWERED)}</sup>", typeset))


def raised(text: str) -> str:
    """Return text for pictures, which have no markup: 1.59e-08 as 1.59 × 10⁻⁸, θ1 as θ₁."""

    def power(found: re.Match) -> str:
        digits, digit, sign, exponent = found.groups()
        ten = "10" + f"{sign.strip('+')}{exponent}".translate(RAISED)
        return ten if digit == "1" else f"{digits or digit}\u00a0×\u00a0{ten}"

    indexed = INDEXED.sub(lambda found: found[1] + "₀₁"[int(found[2])], text)
    return POWER.sub(power, indexed)


def heads(text: str) -> Markup:
    """Return `rich` text in which each head's name has its colour."""
    marked = re.sub(
        r"\b(softmax|sigmoid)\b",
        lambda found: f'<span class="c-{found[1].lower()}">{found[1]}</span>',
        str(rich(text)),
        flags=re.IGNORECASE,
    )
    return Markup(marked)


def slug(text: str) -> str:
    """Return text as part of an anchor: letters, digits and hyphens."""
    return re.sub(r"[^\w]+", "-", text).strip("-").lower()


def power_of_ten(exponent: int) -> str:
    """Return 10⁻⁸ for pictures, which have no markup."""
    return "1" if exponent == 0 else "10" + str(exponent).translate(RAISED)
