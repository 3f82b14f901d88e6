"""Everything that can go wrong with Meta, to be injected for one token each."""

from collections.abc import Callable, Mapping

from exporter.simulator import World, faults, graph
from exporter.simulator.faults import Fault
from exporter.simulator.graph import GraphError

GRAPH_ERRORS: Mapping[str, GraphError] = {
    name: value for name, value in vars(graph).items() if isinstance(value, GraphError)
}

FAULTS: Mapping[str, Fault] = {
    **GRAPH_ERRORS,
    "expired": graph.expired(1_700_000_000),
    "missing_object": graph.missing_object("178"),
    "nonexisting_field": graph.nonexisting_field("quota_usage"),
    "threads_error": graph.threads_error(24, "Something new", 4_999_999),
    "json_body": faults.json_body({"data": []}),
    "raw_body": faults.raw_body('{"data": [{"quota_usage": '),
    "html_page": faults.html_page(),
    "no_body": faults.no_body(204),
    "empty_ok": faults.no_body(),
    "too_many_requests": faults.too_many_requests("120"),
    "redirect": faults.redirect("http://127.0.0.1:9/elsewhere"),
    "oauth_error": faults.oauth_error(),
    "authorize_error": faults.authorize_error(),
    "app_usage": faults.app_usage({"call_count": 90}),
    "app_usage_of_junk": faults.app_usage("junk"),
    "business_usage": faults.business_usage("junk"),
    "retry_after": faults.retry_after("junk"),
    "Canned": faults.Canned(418, b"short and stout", "text/plain"),
    "ExtraHeaders": faults.ExtraHeaders((("Odd", "\xff\xfe"),)),
    "EchoedToken": faults.EchoedToken(),
    "Latency": faults.Latency(0.05),
    "Hang": faults.Hang(),
    "DrippingHeaders": faults.DrippingHeaders(0.1),
    "DrippingBody": faults.DrippingBody(0.1),
    "TruncatedBody": faults.TruncatedBody(),
    "EofInHeaders": faults.EofInHeaders(),
    "ConnectionReset": faults.ConnectionReset(),
    "Garbage": faults.Garbage(),
    "OversizedBody": faults.OversizedBody(2 << 20),
    "GzipBomb": faults.GzipBomb(4 << 20),
}

ECHOES: Mapping[str, Callable[[str], Fault]] = {
    "in a body": lambda token: faults.raw_body(f"<p>{token}</p>", 500),
    "in a 200": lambda token: faults.json_body({"data": [{"quota_usage": token}], token: token}),
    "in a redirect": lambda token: faults.redirect(f"http://h/?access_token={token}"),
    "as a status": lambda token: faults.json_body({"status": token, "error_message": token}),
    "as usage": lambda token: faults.app_usage({token: 50}),
    "as the time to wait": faults.too_many_requests,
    "in headers": lambda token: faults.ExtraHeaders(((f"X-{token[:4]}", token),)),
    "all over an error": lambda token: faults.json_body(
        {
            "error": {
                **dict.fromkeys(("message", "type", "fbtrace_id", "error_user_msg"), token),
                "code": 190,
            }
        },
        status=400,
    ),
    "as a code": lambda token: GraphError(token, token, type=token),
    "as a status line": lambda token: faults.Garbage(f"HTTP/1.1 {token}\r\n\r\n".encode()),
    "in no HTTP": lambda token: faults.Garbage(f"{token}\r\n\r\n".encode()),
    "in a broken header": lambda token: faults.Garbage(
        f"HTTP/1.1 200 OK\r\n{token}\r\nContent-Length: 2\r\n\r\n{{}}".encode()
    ),
}


def suffer_every_fault(world: World, token_of: Callable[[str], str]) -> None:
    """Add a user for every fault, in an app of its own, whose every call suffers it."""
    made = {**FAULTS, **{name: echo(token_of(name)) for name, echo in ECHOES.items()}}
    for name, fault in made.items():
        token = token_of(name)
        world.add_user(name, token=token, app=name)
        world.inject(fault, token=token)
