"""Measures the engine beside R's survey package, svy and samplics: agreement first, then speed.
Not here: the pipeline as a whole (refresh.py), or how a tool does its job (peers)."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from peers import machine
from peers import survey_data as survey
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parent.parent
PEERS = ROOT / "benchmarks" / "peers"
PEER_PYTHON = ROOT / ".venv-bench" / "bin" / "python"
OUTPUT = ROOT / "var" / "bench"
DOCUMENT = ROOT / "docs" / "benchmarks.md"

SIZES = (5_000, 50_000, 500_000, 5_000_000)
WARM_UP = 1_000
REPLICATES = 1_000
REPETITIONS, QUICK_REPETITIONS = 5, 2
LIMIT = 60.0  # seconds; where one run takes longer, three are made
AGREE_ESTIMATE, AGREE_ERROR = 1e-9, 1e-8  # relative, against the reference
AGREE_RATIO = 0.05  # how far the median bootstrap error may lie from the linearised one
ALL = tuple(range(survey.ITEMS))
FEW = (0, 1, 20, 21, 40, 41)  # two items of each kind
OURS, R, SVY, SAMPLICS = "ours", "R survey", "svy", "samplics"
TASKS = {
    "means": f"means and linearised errors of {survey.ITEMS} indicators in {survey.DISTRICTS} "
    "districts; ours with all joint covariances, which no other tool gives",
    "bootstrap": f"{REPLICATES:,} Rao-Wu replicates of {survey.SCORES} scores (indicators, "
    f"sub-dimensions, dimensions, total) in {survey.DISTRICTS} districts; svy: indicators only",
}


@dataclass(frozen=True)
class Measurement:
    """What one tool is asked to do on one size of survey."""

    task: str
    tool: str
    rows: int
    items: tuple[int, ...] = ALL
    note: str = ""


def plan(quick: bool, slow: bool) -> list[Measurement]:
    """The reference goes first, then us: the rest is held against both."""
    steps = []
    for rows in SIZES[:1] if quick else SIZES:
        if rows < 500_000:
            steps.append(Measurement("means", R, rows))
        elif rows == 500_000:
            note = f"{len(FEW)} items, times {len(ALL) // len(FEW)}"
            steps.append(Measurement("means", R, rows, FEW, note))
        steps.append(Measurement("means", OURS, rows))
        if rows <= 500_000:
            steps += [Measurement("means", tool, rows) for tool in (SVY, SAMPLICS)]
    for rows in SIZES[:1] if quick else SIZES:
        if slow and rows == SIZES[0]:
            steps.append(Measurement("bootstrap", R, rows))
        steps.append(Measurement("bootstrap", OURS, rows))
        if rows <= 50_000:
            steps.append(Measurement("bootstrap", SVY, rows, note="no composite"))
    return steps


def find_commands() -> tuple[dict[str, list[str]], dict[str, str]]:
    """How each tool is started, and why those that are absent are."""
    commands = {OURS: [sys.executable, str(PEERS / "ours.py")]}
    absent = {}
    if shutil.which("Rscript"):
        commands[R] = ["Rscript", "--vanilla", str(PEERS / "survey.R")]
    else:
        absent[R] = "Rscript is not installed"
    problem = install_peers()
    for tool, script in ((SVY, "svy_peer.py"), (SAMPLICS, "samplics_peer.py")):
        if problem:
            absent[tool] = problem
        else:
            commands[tool] = [str(PEER_PYTHON), "-W", "ignore", str(PEERS / script)]
    return commands, absent


def install_peers() -> str:
    """An environment of their own for the Python peers, made once; what went wrong, or blank."""
    requirements = PEERS / "requirements.txt"
    mark = PEER_PYTHON.parent.parent / "installed"
    if mark.exists() and mark.read_text() == requirements.read_text():
        return ""
    environment = PEER_PYTHON.parent.parent
    pip = [str(PEER_PYTHON), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    for command in (
        [sys.executable, "-m", "venv", str(environment)],
        [*pip, "-r", str(requirements)],
    ):
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            return find_reason(done.stderr, "its environment could not be made")
    mark.write_text(requirements.read_text())
    return ""


def find_reason(errors: str, otherwise: str) -> str:
    """The last line a failed command wrote that says something."""
    lines = [line.strip() for line in errors.splitlines()]
    told = [line for line in lines if line and not line.startswith(("Execution halted", "Calls:"))]
    return told[-1][:200] if told else otherwise


def run_measurement(
    step: Measurement, command: list[str], scratch: Path, repetitions: int
) -> tuple[dict, np.ndarray]:
    """Start the tool afresh on a survey: its figures, and its (2, rows, districts) answer."""
    answer = scratch / "answer"
    request = [
        scratch / str(step.rows), scratch / str(WARM_UP), step.task, repetitions, LIMIT, answer,
        ",".join(map(str, step.items)), REPLICATES,
    ]  # fmt: skip
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [*command, *map(str, request)], env=environment, capture_output=True, text=True
    )
    if done.returncode:
        raise RuntimeError(find_reason(done.stderr, f"exit {done.returncode}"))
    figures = json.loads(answer.with_suffix(".json").read_text())
    result = np.fromfile(answer.with_suffix(".f8"))
    return figures, result.reshape(2, -1, survey.DISTRICTS)


def compare(step: Measurement, result: np.ndarray, known: dict) -> dict:
    """How far an answer lies from the reference: R's means, or ours where R was not asked."""
    if (step.task, step.tool) == ("means", R):
        return {"reference": None}
    tools = [tool for tool in (R, OURS) if ("means", tool, step.rows) in known]
    if not tools or (step.task, step.tool) == ("means", tools[0]):
        return {"reference": None}
    items, reference = known["means", tools[0], step.rows]
    shared = [item for item in items if item in step.items]
    theirs = reference[:, [items.index(item) for item in shared]]
    found = result[:, [step.items.index(item) for item in shared]]
    name = tools[0] if step.task == "means" else f"{tools[0]}, means"
    row = {"reference": name, "difference_estimate": measure_gap(found[0], theirs[0])}
    if step.task == "means":
        return row | {"difference_error": measure_gap(found[1], theirs[1])}
    row["error_ratio"] = float(np.median(found[1] / theirs[1]))
    if result.shape[1] == survey.SCORES and len(items) == survey.ITEMS:
        tree, offset = survey.build_composite(survey.list_level_values())
        row["difference_estimate"] = measure_gap(result[0], tree @ reference[0] + offset[:, None])
    if step.tool == OURS and ("bootstrap", R, step.rows) in known:
        errors = known["bootstrap", R, step.rows][1][1]
        above = slice(survey.ITEMS, None)
        row["composite_ratio"] = float(np.median(result[1][above] / errors[above]))
    return row


def measure_gap(found: np.ndarray, reference: np.ndarray) -> float:
    """Relative; infinite where a figure is missing."""
    return float(np.nan_to_num(np.abs(found / reference - 1), nan=9e99).max())


def agrees(row: dict) -> bool:
    if row["reference"] is None:
        return True
    ratios = [row[key] for key in ("error_ratio", "composite_ratio") if key in row]
    return (
        row["difference_estimate"] <= AGREE_ESTIMATE
        and row.get("difference_error", 0.0) <= AGREE_ERROR
        and all(abs(ratio - 1) <= AGREE_RATIO for ratio in ratios)
    )


def measure_all(
    steps: list[Measurement], repetitions: int, console: Console
) -> tuple[list[dict], dict[str, str], dict[str, str]]:
    """Rows of figures, the tools' versions, and what was absent with the reason."""
    with console.status("environment of the Python peers"):
        commands, absent = find_commands()
    rows, versions, known = [], {}, {}
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        for size in sorted({step.rows for step in steps} | {WARM_UP}):
            with console.status(f"survey of {size:,} respondents"):
                survey.generate(size, scratch / str(size))
        for step in steps:
            label = f"{step.task}, {step.tool}, n={step.rows:,}"
            if step.tool not in commands:
                continue
            try:
                with console.status(label):
                    figures, result = run_measurement(
                        step, commands[step.tool], scratch, repetitions
                    )
            except RuntimeError as problem:
                absent[label] = str(problem)
                continue
            known[step.task, step.tool, step.rows] = (step.items, result)
            versions |= {step.tool: figures["version"]} if figures["version"] else {}
            scale = len(ALL) / len(step.items)
            rows.append(
                {
                    "name": f"{step.task}, {step.tool}",
                    "n": step.rows,
                    "seconds": statistics.median(figures["seconds"]) * scale,
                    "peak_mib": figures["peak_mib"],
                    "task": step.task,
                    "tool": step.tool,
                    "repetitions": len(figures["seconds"]),
                    "note": step.note,
                }
                | compare(step, result, known)
            )
            console.print(f"measured: {label}")
    return rows, versions, absent


def tabulate_agreement(rows: list[dict]) -> list[list[str]]:
    """Columns: tool and task, n, reference, estimates, errors, verdict."""
    table = []
    for row in rows:
        if row["reference"] is None:
            continue
        errors = f"{row.get('difference_error', 0.0):.0e}"
        if "error_ratio" in row:
            errors = f"ratio {row['error_ratio']:.3f}"
        if "composite_ratio" in row:
            errors += f", composite {row['composite_ratio']:.3f}"
        verdict = "agrees" if agrees(row) else "DIFFERS"
        estimates = f"{row['difference_estimate']:.0e}"
        table.append([row["name"], f"{row['n']:,}", row["reference"], estimates, errors, verdict])
    return table


def show_figure(value: float) -> str:
    """Three digits that count, never an exponent for what is large."""
    return f"{value:,.0f}" if value >= 100 else f"{value:#.3g}".rstrip(".")


def tabulate_speed(rows: list[dict]) -> list[list[str]]:
    """Columns: tool and task, n, seconds, runs, peak MiB, ratio to ours, note."""
    ours = {(row["task"], row["n"]): row["seconds"] for row in rows if row["tool"] == OURS}
    table = []
    for row in sorted(rows, key=lambda row: (list(TASKS).index(row["task"]), row["n"])):
        base = ours.get((row["task"], row["n"]))
        ratio = show_figure(row["seconds"] / base) if base else "-"
        table.append(
            [
                row["name"], f"{row['n']:,}", show_figure(row["seconds"]),
                str(row["repetitions"]), show_figure(row["peak_mib"]), ratio, row["note"],
            ]
        )  # fmt: skip
    return table


def describe_scaling(rows: list[dict]) -> list[str]:
    """How our time grows over the last tenfold step."""
    lines = []
    for task in TASKS:
        ours = {r["n"]: r["seconds"] for r in rows if (r["task"], r["tool"]) == (task, OURS)}
        if {SIZES[-2], SIZES[-1]} <= ours.keys():
            growth = ours[SIZES[-1]] / ours[SIZES[-2]]
            step = f"{SIZES[-2]:,} to {SIZES[-1]:,} rows"
            lines.append(f"{task}, ours: {step} take {growth:.1f} times as long")
    return lines


AGREEMENT_HEAD = ["name", "n", "against", "estimates", "standard errors", "verdict"]
SPEED_HEAD = ["name", "n", "seconds", "runs", "peak MiB", "to ours", "note"]


def print_table(console: Console, title: str, head: list[str], rows: list[list[str]]) -> None:
    table = Table(title=title, title_justify="left")
    for name in head:
        right = name in {"n", "seconds", "runs", "peak MiB", "to ours", "estimates"}
        table.add_column(name, justify="right" if right else "left")
    for row in rows:
        table.add_row(*row)
    console.print(table)


def render_table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def render_document(rows: list[dict], about: dict) -> str:
    facts = {**about["machine"], **about["versions"]}
    absent = [[name, why] for name, why in about["absent"].items()]
    parts = [
        "# Benchmarks",
        f"Measured on {about['machine']['date']} by `make bench`, which writes this page with "
        "`--write-docs`; how it measures is in `benchmarks/README.md`. Another machine gives "
        "other seconds; the ratios move less.",
        "\n".join(f"- {name}: {meaning}." for name, meaning in TASKS.items()),
        "## Agreement",
        "Largest relative difference over all figures. A bootstrap is random: shown is the median "
        "ratio of its errors to the linearised ones, for the composite to R's bootstrap.",
        render_table(AGREEMENT_HEAD, tabulate_agreement(rows)),
        "## Speed and memory",
        f"Median seconds; peak is memory beyond the loaded survey. {REPETITIONS} runs, fewer "
        f"where one takes longer than {LIMIT:.0f} s.",
        render_table(SPEED_HEAD, tabulate_speed(rows)),
        "\n".join(f"- {line}" for line in describe_scaling(rows)),
        "## Machine",
        render_table(["what", "value"], [[name, value] for name, value in facts.items()]),
        *(["## Absent", render_table(["what", "why"], absent)] if absent else []),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="5,000 respondents, two runs each")
    parser.add_argument("--slow", action="store_true", help="also R's bootstrap at 5,000")
    parser.add_argument("--last", action="store_true", help="show the last run, measure nothing")
    parser.add_argument("--write-docs", action="store_true", help="write docs/benchmarks.md")
    return parser.parse_args()


def main() -> None:
    options = read_options()
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = 112
    figures_file, about_file = OUTPUT / "engine.json", OUTPUT / "machine.json"
    if not options.last:
        repetitions = QUICK_REPETITIONS if options.quick else REPETITIONS
        rows, versions, absent = measure_all(
            plan(options.quick, options.slow), repetitions, console
        )
        about = {"machine": machine.describe_machine(), "versions": versions, "absent": absent}
        OUTPUT.mkdir(parents=True, exist_ok=True)
        figures_file.write_text(json.dumps(rows, indent=1) + "\n")
        about_file.write_text(json.dumps(about, indent=1, ensure_ascii=False) + "\n")
    elif not figures_file.exists():
        sys.exit("there is no last run")
    rows, about = json.loads(figures_file.read_text()), json.loads(about_file.read_text())
    print_table(console, "Agreement", AGREEMENT_HEAD, tabulate_agreement(rows))
    print_table(console, "Speed and memory", SPEED_HEAD, tabulate_speed(rows))
    for line in describe_scaling(rows):
        console.print(line)
    for name, why in about["absent"].items():
        console.print(f"absent: {name}: {why}", markup=False)
    if options.write_docs:
        DOCUMENT.write_text(render_document(rows, about))
    ours = [row for row in rows if row["tool"] == OURS]
    if not ours:
        sys.exit("our engine did not run")
    if not all(agrees(row) for row in ours):
        sys.exit("our figures differ from the reference")


if __name__ == "__main__":
    main()
