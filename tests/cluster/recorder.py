#!/usr/bin/env python3
# A hook of the tests: writes down what it was given, then does what its test wants.
import json, os, sys, time

NAME, RECORDS = "@NAME@", "@RECORDS@"

if "--config" in sys.argv[1:]:
    print("""@CONFIG@""")
    sys.exit(0)


def record(**more):
    line = json.dumps({"hook": NAME, "time": time.time(), **more}) + "\n"
    file = os.open(RECORDS, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(file, line.encode())
    os.close(file)


def read(variable):
    with open(os.environ[variable]) as file:
        return json.load(file)


def give(variable, *documents):
    with open(os.environ[variable], "a") as file:
        for document in documents:
            file.write(json.dumps(document) + "\n")


def patch(path, value):
    give("VALUES_JSON_PATCH_PATH", {"op": "add", "path": path, "value": value})


def wait_for(path):
    while not os.path.exists(path):
        time.sleep(0.02)


contexts = read("BINDING_CONTEXT_PATH")
kinds = [context.get("type", "") for context in contexts]
bindings = [context["binding"] for context in contexts]
record(contexts=contexts, values="VALUES_PATH" in os.environ and read("VALUES_PATH"))
