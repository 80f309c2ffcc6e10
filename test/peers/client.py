"""Calls a service from Python: client.py host port [--dialect]. Written from docs/protocol.md alone."""
import json, socket, sys
LIMITS = {"row": 1048576, "pending": 100, "depth": 64, "nodes": 100000}

def greet(name, reply): reply(None, f"Grüß dich, {name}")

class Remote(int):  # a function of the service is its number; calling it goes one way
    def __call__(self, *values): send(message(self, values))

ours, theirs, results, in_dialect = [greet], {}, [], False  # our functions, their first row, [error, value]s

def message(method, values):
    ours.extend(value for value in values if callable(value) and value not in ours)
    callbacks = {ours.index(value): [str(at)] for at, value in enumerate(values) if callable(value)}
    arguments = ["[Function]" if callable(value) else value for value in values]
    return {"method": method, "arguments": arguments, "callbacks": callbacks, "links": []}

def send(row):
    connection.sendall(json.dumps([row] if in_dialect else row, ensure_ascii=False).encode() + b"\n")

def call(method, *values):
    number = len(results)
    results.append(None)
    def settle(error=None, value=None): results[number] = [error, value]
    send({**message(method, values), "id": number} if in_dialect else message(method, [*values, settle]))
    while not results[number]: receive()
    return results[number]

def receive():
    row = rows.readline(LIMITS["row"] + 1)
    if not row.endswith(b"\n"): raise ValueError(f"expected a row, got {len(row)} bytes without an end")
    value = json.loads(row)
    for each in value if in_dialect and isinstance(value, list) else [value]: handle(each)

def handle(row):
    method, arguments = row.get("method"), row.get("arguments") or []
    if not theirs and method != "methods": raise ValueError(f"expected their methods first, got {row}")
    for number, (*steps, last) in (row.get("callbacks") or {}).items():
        inside = arguments
        for key in steps: inside = inside[int(key) if isinstance(inside, list) else key]
        inside[int(last) if isinstance(inside, list) else last] = Remote(number)
    if method == "methods": theirs.update(row)
    elif "answer" in row: results[row["answer"]] = [None, *arguments, None][:2]
    elif "error" in row: results[row["error"]] = [arguments[0], None]
    elif isinstance(method, int): ours[method](*arguments)

try:
    _, host, port, *flags = sys.argv
    connection = socket.create_connection((host, int(port)), timeout=10)
    rows, hello = connection.makefile("rb"), {"dservice": {"protocol": 1, "limits": LIMITS}} if flags else {}
    send({**message("methods", [{"greet": "[Function]"}]), "callbacks": {0: ["0", "greet"]}, **hello})
    while not theirs: receive()
    if hello and not theirs.get("dservice"): raise ValueError("expected a hello, got a classic peer")
    [api], in_dialect = theirs["arguments"], bool(hello)  # the dialect begins when each has the other's hello
    for method, *values in [["$describe"], [api["transform"], "beep"], [api["nested"]["deep"]["twice"], "ab"],
                            [api["echo"], "Grüße, 世界 🌍"], [api["fails"]], [api["visit"], greet]]:
        print(json.dumps(call(method, *values)))
except (OSError, ValueError, TypeError, AttributeError, LookupError, RecursionError) as error:
    sys.exit(f"refused: {type(error).__name__}: {error}")
