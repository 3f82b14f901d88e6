"""How an entry of the error catalogue recognises its error, and how sure each way is."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol

from exporter.threads_api.envelope import GraphError


class Precision(IntEnum):
    """How much of an error a matcher recognised; the entry that recognises most has it.

    Meta's numbers come before words, since messages change and hold what the caller sent; words
    alone come before the HTTP status, since Meta answers 400 to nearly everything.
    """

    NONE = 0
    ANYTHING = 1
    HTTP_STATUS = 2
    TRANSIENT_FLAG = 3
    MESSAGE = 4
    CODE = 5
    REFINED_CODE = 6
    SUBCODE = 7
    CODE_AND_SUBCODE = 8


@dataclass(frozen=True, slots=True)
class FailedCall:
    """What is known of a failed call: Meta's error, its casefolded words, the HTTP status."""

    error: GraphError
    words: str
    http_status: int | None


class Matcher(Protocol):
    """One way to recognise an error; its text says which, for the operator."""

    def precision(self, call: FailedCall) -> Precision: ...

    def __str__(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Code:
    """A code with any subcode, or with this one."""

    code: int | str
    subcode: int | None = None

    def precision(self, call: FailedCall) -> Precision:
        if call.error.code != self.code:
            return Precision.NONE
        if self.subcode is None:
            return Precision.CODE
        same = call.error.subcode == self.subcode
        return Precision.CODE_AND_SUBCODE if same else Precision.NONE

    def __str__(self) -> str:
        return f"code {self.code}" if self.subcode is None else f"code {self.code}/{self.subcode}"


@dataclass(frozen=True, slots=True)
class CodeRange:
    """Every code from `first` to `last`, both included."""

    first: int
    last: int

    def precision(self, call: FailedCall) -> Precision:
        code = call.error.code
        within = isinstance(code, int) and self.first <= code <= self.last
        return Precision.CODE if within else Precision.NONE

    def __str__(self) -> str:
        return f"codes {self.first} to {self.last}"


@dataclass(frozen=True, slots=True)
class Subcode:
    """One of the publishing subcodes (2207…, 4279…), which mean the same under every code."""

    subcode: int

    def precision(self, call: FailedCall) -> Precision:
        same = call.error.subcode == self.subcode
        return Precision.SUBCODE if same else Precision.NONE

    def __str__(self) -> str:
        return f"subcode {self.subcode}"


@dataclass(frozen=True, slots=True)
class LastingCode:
    """A code that mostly passes, with a subcode and Meta's word that this one will not."""

    code: int

    def precision(self, call: FailedCall) -> Precision:
        error = call.error
        if error.code != self.code or error.subcode is None or error.is_transient is not False:
            return Precision.NONE
        return Precision.REFINED_CODE

    def __str__(self) -> str:
        return f"code {self.code} with a subcode and is_transient false"


@dataclass(frozen=True, slots=True)
class Message:
    """Words anywhere in the message, in any case.

    Under the code that they refine, one that stands for several errors, they weigh more than
    the code alone.
    """

    pattern: str
    refines: int | None = None

    def precision(self, call: FailedCall) -> Precision:
        if self.pattern.casefold() not in call.words:
            return Precision.NONE
        refined = self.refines is not None and call.error.code == self.refines
        return Precision.REFINED_CODE if refined else Precision.MESSAGE

    def __str__(self) -> str:
        words = f"“{self.pattern}”"
        return (
            words if self.refines is None else f"{words} (under code {self.refines}, or none known)"
        )


@dataclass(frozen=True, slots=True)
class TransientFlag:
    """Meta's own word that the error will pass."""

    def precision(self, call: FailedCall) -> Precision:
        flagged = call.error.is_transient is True
        return Precision.TRANSIENT_FLAG if flagged else Precision.NONE

    def __str__(self) -> str:
        return "is_transient true"


@dataclass(frozen=True, slots=True)
class HttpStatus:
    """An HTTP status from `first` to `last`, or `first` alone."""

    first: int
    last: int | None = None

    def precision(self, call: FailedCall) -> Precision:
        status = call.http_status
        within = status is not None and self.first <= status <= (self.last or self.first)
        return Precision.HTTP_STATUS if within else Precision.NONE

    def __str__(self) -> str:
        return f"HTTP {self.first}" if self.last is None else f"HTTP {self.first} to {self.last}"


@dataclass(frozen=True, slots=True)
class Anything:
    def precision(self, _call: FailedCall) -> Precision:
        return Precision.ANYTHING

    def __str__(self) -> str:
        return "whatever no other entry matches"
