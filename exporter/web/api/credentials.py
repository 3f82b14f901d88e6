import hmac

from starlette.datastructures import Headers

CHALLENGE = {"www-authenticate": 'Bearer realm="threads-exporter"'}


def presented_token(headers: Headers) -> str | None:
    """Return the token of the one Authorization header, None where there is no such thing."""
    values = headers.getlist("authorization")
    if len(values) != 1:
        return None
    scheme, _, token = values[0].partition(" ")
    return token.strip(" ") if scheme.casefold() == "bearer" else None


def same_token(presented: str, expected: str) -> bool:
    """Compare in a time that does not tell where the two differ."""
    return hmac.compare_digest(presented.encode(), expected.encode())
