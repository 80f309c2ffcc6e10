"""Calls a service from Python: client.py host port [--dialect]. Written from docs/protocol.md alone."""
import json, socket, sys
LIMITS = {"row": 1048576, "pending": 100, "depth": 64, "nodes": 100000}
class Remote(int):  # a function of the service is its number; calling it goes one way
    def __call__(self, *values): send(["notify", int(self)], values) if in_dialect else tell(int(self), values)
def greet(name, reply=None): return reply(None, f"Grüß dich, {name}") if reply else f"Grüß dich, {name}"
ours, theirs, results, in_dialect = [greet], {}, [], False  # our functions, their first row, [error, value]s
def write(row): connection.sendall(json.dumps(row, ensure_ascii=False).encode() + b"\n")
def number(function):  # sent again, a function has its first number again
    return ours.index(function) if function in ours else ours.append(function) or len(ours) - 1
def tag(value):
    if isinstance(value, Remote): return {"$": ["yours", value]}
    return {"$": ["function", number(value)]} if callable(value) else value
def send(message, values=()): write([[*message, *map(tag, values)]])
def tell(method, values):  # in classic rows
    callbacks = {number(value): [str(at)] for at, value in enumerate(values) if callable(value)}
    values = ["[Function]" if callable(value) else value for value in values]
    write({"method": method, "arguments": values, "callbacks": callbacks})
def call(method, *values):
    id, settle = len(results), lambda error=None, value=None: results.__setitem__(id, [error, value])
    results.append(send(["call", id, method], values) if in_dialect else tell(method, [*values, settle]))
    while not results[id]: receive()
    return results[id]
def receive():
    text = rows.readline(LIMITS["row"] + 1)
    if not text.endswith(b"\n"): raise ValueError(f"expected a row, got {len(text)} bytes without an end")
    row = json.loads(text, object_hook=revive)
    if not (in_dialect and isinstance(row, list)): return hear(row, row.get("method"), row.get("arguments") or [])
    for message in row: handle(*message[isinstance(message[0], dict):])  # heads tell of deadlines: we are quick
def revive(value):  # what tags stand for; others are a KeyError
    kind, *data = value["$"] if next(iter(value), None) == "$" else (None, value)
    kinds = {None: dict, "error": dict, "function": Remote, "yours": ours.__getitem__, "undefined": lambda: None}
    return kinds[kind](*data)
def hear(row, method, values):  # a classic row
    if not theirs and method != "methods": raise ValueError(f"expected their methods first, got {row}")
    for function, (*steps, last) in (row.get("callbacks") or {}).items():
        inside = values
        for key in steps: inside = inside[int(key) if isinstance(inside, list) else key]
        inside[int(last) if isinstance(inside, list) else last] = Remote(function)
    theirs.update(row) if method == "methods" else ours[method](*values)
def handle(kind, about=None, *values):
    if kind in ("call", "notify"): result = ours[values[0] if kind == "call" else about](*values[kind == "call":])
    if kind == "call": send(["done", about]) if result is None else send(["answer", about], [result])
    if kind in ("answer", "error"): results[about] = ([None, *values, None] if kind == "answer" else [*values, None])[:2]
    for id in (about, *values) if kind == "done" else (): results[id] = [None, None]
try:
    _, host, port, *flags = sys.argv
    connection = socket.create_connection((host, int(port)), timeout=10)
    rows, hello = connection.makefile("rb"), {"dservice": {"protocol": 1, "limits": LIMITS}} if flags else {}
    write({"method": "methods", "arguments": [{"greet": "[Function]"}], "callbacks": {0: ["0", "greet"]}, **hello})
    while not theirs: receive()
    if hello and not theirs.get("dservice"): raise ValueError("expected a hello, got a classic peer")
    [api], in_dialect = theirs["arguments"], bool(hello)  # now each has the other's hello
    calls = [["$describe"], [api["transform"], "beep"], [api["nested"]["deep"]["twice"], "ab"],
             [api["echo"], "Grüße, 世界 🌍"], [api["fails"]], [api["visit"], greet]]
    for method, *values in [*calls, *([[api["ask"], greet, greet], [api["nothing"]]] if in_dialect else [])]:
        print(json.dumps(call(method, *values)))
except (OSError, ValueError, TypeError, AttributeError, LookupError, RecursionError) as error:
    sys.exit(f"refused: {type(error).__name__}: {error}")
