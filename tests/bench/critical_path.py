"""critical_path.py MAINTENANCE: reads a run's audit rows (a JSON object a line, facts read), and prints, as JSON, what passed from
its start to `ready`, the longest path through its steps as far as one needs the other, and all steps added up; in ms.

A step needs: on the same machine the stages before it (helper, capture, overlay), the snapshot all overlays, a clone's steps the
snapshot and the one before on that machine, an update those that the maintenance descriptor names before it and, since a
machine is updated by one at a time, the update before it there. Rounds follow all of it."""
import datetime
import json
import re
import sys

BEFORE = {"helper.place": ["network.create"], "capture.start": ["helper.place"], "overlay.prepare": ["helper.place"],
          "clone.create": ["snapshot"], "clone.boot": ["clone.create"], "data.compare": ["clone.boot", "capture.start"],
          "update": ["clone.boot", "data.compare"]}
OF_ALL_MACHINES = {"network.create", "snapshot"}


def ms_of(utc):
    return datetime.datetime.fromisoformat(utc.replace("Z", "+00:00")).timestamp() * 1000


def components(path):
    """Of each component its machine and what it comes after: the descriptor's form is the sample's."""
    found, name = {}, None
    for line in open(path, encoding="utf-8"):
        if match := re.match(r"  ([\w-]+):\s*$", line):
            name = match[1]
            found[name] = {"machine": None, "after": []}
        elif match := re.match(r"    machine: *([\w-]+)", line):
            found[name]["machine"] = match[1]
        elif match := re.match(r"    after: *\[(.*)\]", line):
            found[name]["after"] = [word.strip() for word in match[1].split(",")]
    return found


def steps_until_ready(rows, known):
    """All steps and rounds, in the order of their ends, and what passed from the run's start to `ready`."""
    steps, start = [], None
    for row in rows:
        facts, at = row["facts"], ms_of(row["utc"])
        start = start or at
        if row["event"] == "run.state" and facts.get("to") == "ready":
            return steps, at - start
        if row["event"] == "data.round":
            steps.append({"step": "round", "subject": "", "machine": None, "took": facts["took_ms"], "end": at})
        elif row["event"] == "step.done":
            subject = facts.get("subject", "")
            machine = known.get(subject.split(".")[0], {}).get("machine") if row["step"] in ("update", "capture.start", "data.compare") else subject
            steps.append({"step": row["step"], "subject": subject, "machine": machine, "took": facts["took_ms"], "end": at})
    sys.exit("the run never was ready")


def needs(step, earlier, known):
    if step["step"] == "round":
        return True
    if step["step"] == "snapshot":
        return earlier["step"] in ("overlay.prepare", "capture.start")
    if step["step"] == "update" and earlier["step"] == "update":
        return earlier["machine"] == step["machine"] or earlier["subject"] in known[step["subject"]]["after"]
    near = earlier["step"] in OF_ALL_MACHINES or earlier["machine"] == step["machine"]
    return near and earlier["step"] in BEFORE.get(step["step"], [])


def main():
    known = components(sys.argv[1])
    steps, wall = steps_until_ready(map(json.loads, sys.stdin), known)
    for index, step in enumerate(steps):
        step["path"] = step["took"] + max((other["path"] for other in steps[:index] if needs(step, other, known)), default=0)
    print(json.dumps({"wall_ms": round(wall), "critical_ms": max(step["path"] for step in steps),
                      "added_up_ms": sum(step["took"] for step in steps)}))


main()
