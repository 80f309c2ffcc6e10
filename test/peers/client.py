"""Calls a service from Python: client.py host port [--dialect]. Written from docs/protocol.md alone."""
import json, socket, sys
LIMITS = {"row": 1048576, "pending": 100, "depth": 64, "nodes": 100000}

def greet(name, reply): reply(None, f"Grüß dich, {name}")

class Remote(int):  # a function of the service is its number; calling it goes one way
    def __call__(self, *values): send(["notify"], self, values)

ours, theirs, results, in_dialect = [greet], {}, [], False  # our functions, their first row, [error, value]s

def send(kind, method, values, **more):
    ours.extend(value for value in values if callable(value) and value not in ours)
    head = {"callbacks": {ours.index(f): [str(at)] for at, f in enumerate(values) if callable(f)}, **more}
    values = ["[Function]" if callable(value) else value for value in values]
    row = [[head, *kind, method, *values]] if in_dialect else {"method": method, "arguments": values, **head}
    connection.sendall(json.dumps(row, ensure_ascii=False).encode() + b"\n")

def call(method, *values):
    number = len(results)
    results.append(None)
    def settle(error=None, value=None): results[number] = [error, value]
    send(["call", number], method, values if in_dialect else [*values, settle])
    while not results[number]: receive()
    return results[number]

def receive():
    row = rows.readline(LIMITS["row"] + 1)
    if not row.endswith(b"\n"): raise ValueError(f"expected a row, got {len(row)} bytes without an end")
    value = json.loads(row)
    if not (in_dialect and isinstance(value, list)):  # a classic row says what a notify says, and is its head
        value = [[value, "notify", value.get("method"), *(value.get("arguments") or [])]]
    for message in value: handle(*message if isinstance(message[0], dict) else [{}, *message])

def handle(head, kind, about=None, *values):
    if not theirs and about != "methods": raise ValueError(f"expected their methods first, got {head}")
    values = list(values)
    for number, (*steps, last) in (head.get("callbacks") or {}).items():
        inside = values
        for key in steps: inside = inside[int(key) if isinstance(inside, list) else key]
        inside[int(last) if isinstance(inside, list) else last] = Remote(number)
    if kind == "answer": results[about] = [None, *values, None][:2]
    elif kind == "error": results[about] = [values[0], None]
    elif about == "methods": theirs.update(head)
    elif kind == "notify": ours[about](*values)

try:
    _, host, port, *flags = sys.argv
    connection = socket.create_connection((host, int(port)), timeout=10)
    rows, hello = connection.makefile("rb"), {"dservice": {"protocol": 1, "limits": LIMITS}} if flags else {}
    send([], "methods", [{"greet": "[Function]"}], **{"callbacks": {0: ["0", "greet"]}, **hello})
    while not theirs: receive()
    if hello and not theirs.get("dservice"): raise ValueError("expected a hello, got a classic peer")
    [api], in_dialect = theirs["arguments"], bool(hello)  # the dialect begins when each has the other's hello
    for method, *values in [["$describe"], [api["transform"], "beep"], [api["nested"]["deep"]["twice"], "ab"],
                            [api["echo"], "Grüße, 世界 🌍"], [api["fails"]], [api["visit"], greet]]:
        print(json.dumps(call(method, *values)))
except (OSError, ValueError, TypeError, AttributeError, LookupError, RecursionError) as error:
    sys.exit(f"refused: {type(error).__name__}: {error}")
