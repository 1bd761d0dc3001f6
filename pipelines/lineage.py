"""Where a published score comes from, printed as a tree down to the files, and added up again.
Not here: the view it reads (sql/views), or how partitions are traced (provenance.py)."""

from __future__ import annotations

import argparse
import difflib
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import pandas as pd
import sqlalchemy as sa
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.tree import Tree

from dgi.index.scores import PROVINCE
from dgi.reports.common import code_order
from dgi.reports.language import is_missing, number
from dgi.survey.weights import kish_design_effect
from pipelines.partitions import DISTRICT, YEAR
from pipelines.settings import Settings
from pipelines.stores import Lake

TOLERANCE = 1e-9
NODES = ("total", "dimension", "sub_dimension", "indicator")
DECIMALS = 4


class UnknownError(LookupError):
    """There is no such year, unit, key or edition; says which ones come near."""


@dataclass(frozen=True)
class Lineage:
    """One unit's scores of one year: `rows` of the view lineage_of_a_score, the whole tree;
    `top` the key asked for; `partitions`: rows of provenance for the unit's districts."""

    rows: pd.DataFrame
    top: str
    partitions: pd.DataFrame

    @property
    def branch(self) -> pd.DataFrame:
        """The rows from the key asked for downwards, each part after what it is a part of."""
        path = self.rows.loc[(self.rows["key"] == self.top) & self.rows["level"].isin(NODES),
                             "path"].iloc[0]  # fmt: skip
        own = (self.rows["path"] == path) | self.rows["path"].str.startswith(f"{path}/")
        return self.rows[own & (self.rows["level"] != "file")]

    @property
    def files(self) -> pd.DataFrame:
        """The files received: district, file, sha256."""
        files = self.rows[self.rows["level"] == "file"]
        return files.rename(columns={"parent": "district_of_file", "key": "file"})


def read_lineage(
    connection: sa.Connection, year: int, unit: str, key: str = "total", edition: str = ""
) -> Lineage:
    """What the warehouse says of one score. Raises UnknownError with what comes near."""
    units = pd.read_sql(
        sa.text("SELECT DISTINCT survey_year, edition, district, district_name_vi "
                "FROM district_scores"), connection)  # fmt: skip
    years = sorted(set(units["survey_year"]))
    if year not in years:
        raise UnknownError(_unknown("survey year", str(year), [str(one) for one in years]))
    units = units[units["survey_year"] == year]
    known = dict(zip(units["district"], units["district_name_vi"], strict=True))
    if unit not in known:
        raise UnknownError(_unknown("unit", unit, list(known), known))
    editions = sorted(set(units["edition"]))
    edition = edition or editions[-1]
    if edition not in editions:
        raise UnknownError(_unknown("edition", edition, editions))
    query = sa.text("SELECT * FROM lineage_of_a_score WHERE survey_year = :year "
                    "AND district = :unit AND edition = :edition")  # fmt: skip
    rows = pd.read_sql(query, connection,
                       params={"year": year, "unit": unit, "edition": edition})  # fmt: skip
    nodes = rows[rows["level"].isin(NODES)]
    names = dict(zip(nodes["key"], nodes["name_vi"], strict=True))
    if key not in names:
        raise UnknownError(_unknown("key", key, list(names), names))
    partitions = pd.read_sql(
        sa.text("SELECT * FROM provenance WHERE survey_year = :year AND made_year = :year"),
        connection, params={"year": year},
    )  # fmt: skip
    if unit != PROVINCE:
        partitions = partitions[partitions["district"].isin([unit, ""])]
    return Lineage(rows, key, partitions)


def _unknown(
    what: str, value: str, known: Sequence[str], names: dict[str, str] | None = None
) -> str:
    """'there is no unit 193-halong: did you mean 193-ha-long (Thành phố Hạ Long)?'"""
    names = names or {}
    words = {name.casefold(): one for one, name in names.items()} | {one: one for one in known}
    near = difflib.get_close_matches(value.casefold(), list(words), n=5, cutoff=0.6)
    near = list(dict.fromkeys(words[one] for one in near))
    said = [f"{one} ({names[one]})" if one in names else one for one in near or known]
    if near:
        return f"There is no {what} {value}: did you mean {', '.join(said)}?"
    return f"There is no {what} {value}: there are {', '.join(said)}."


def add_up(rows: pd.DataFrame) -> pd.DataFrame:
    """Every score computed again from the parts printed under it (method §4).

    Returns path, printed, computed, difference: one row per total, dimension and sub-dimension
    that has a score. Difference is NaN where a part that it needs has none.
    """
    by_parent = dict(iter(rows.groupby(["parent", "level"], sort=False)))
    below = dict(pairwise(NODES))
    checked = []
    for row in rows[rows["level"].isin(below) & rows["value"].notna()].itertuples():
        parts = by_parent[row.key, below[row.level]]
        if row.level == "sub_dimension":
            computed = _score_of_parts(row.scale_min, row.scale_max, parts)
        else:
            computed = parts["value"].sum(skipna=False)
        checked.append((row.path, row.value, computed, abs(computed - row.value)))
    return pd.DataFrame(checked, columns=["path", "printed", "computed", "difference"])


def _score_of_parts(low: float, high: float, parts: pd.DataFrame) -> float:
    """lo + (hi - lo) * sum of weight * place; the weights of missing parts go to the others."""
    parts = parts.astype(dict.fromkeys(("value", "weight", "scale_min", "scale_max"), float))
    there = parts[parts["value"].notna()]
    worth = (there["value"] - there["scale_min"]) / (there["scale_max"] - there["scale_min"])
    place = worth.where(there["direction"].astype(float) > 0, 1 - worth)
    used = there["weight"] * parts["weight"].sum() / there["weight"].sum()
    if not (abs(used - there["used_weight"].astype(float)) < TOLERANCE).all():
        return float("nan")
    return float(low + (high - low) * (used * place).sum())


def sum_weights(lake: Lake, partitions: pd.DataFrame) -> pd.DataFrame:
    """Respondents and their weights, one row per district: n, sum, min, max, Kish's deff.

    Only of weights that are the ones the published figures were made from; where the lake holds
    others by now, the row has no figures.
    """
    table = []
    weighed = partitions[partitions["asset"] == "respondent_weights"]
    for row in weighed.itertuples():
        place = {YEAR: str(row.made_year), DISTRICT: str(row.district)}
        kept = lake.read_manifest("respondent_weights", place)
        if kept is None or kept.fingerprint != row.fingerprint:
            table.append({"district": row.district})
            continue
        weights = lake.read("respondent_weights", place)["weight"].to_numpy(float)
        table.append(
            {"district": row.district, "n": len(weights), "sum": weights.sum(),
             "min": weights.min(), "max": weights.max(), "deff": kish_design_effect(weights)}
        )  # fmt: skip
    return pd.DataFrame(table, columns=["district", "n", "sum", "min", "max", "deff"])


def _show(value: object, decimals: int = DECIMALS) -> str:
    return "–" if is_missing(value) else number(float(value), decimals).vi  # type: ignore[arg-type]


def _label(row) -> str:
    """A line of the tree: code, Vietnamese name, figures."""
    name = f"[bold]{escape(row.code)}[/bold] {escape(row.name_vi)}"
    if row.level == "question":
        return f"[dim]{name}[/dim]"
    figures = f"{_show(row.value)} ± {_show(row.se)}"
    scale = f"thang {row.scale_min:.4g}–{row.scale_max:.4g}".replace(".", ",")
    flag = "" if row.flag == "observed" else f" [yellow]{escape(str(row.flag))}[/yellow]"
    if row.level != "indicator":
        return f"{name}: [cyan]{figures}[/cyan] ({scale}){flag}"
    weight = _show(row.weight, 3)
    if not is_missing(row.used_weight) and abs(row.used_weight - row.weight) > TOLERANCE:
        weight += f" → {_show(row.used_weight, 3)}"
    sign = "" if row.direction == 1 else ", càng thấp càng tốt"
    n = "–" if is_missing(row.n) else int(row.n)
    return (f"{name}: [cyan]{figures}[/cyan], n {n} ({scale}{sign}), trọng số {weight}, "
            f"góp {_show(row.points)}{flag}")  # fmt: skip


def draw(lineage: Lineage) -> Tree:
    """The branch as a tree, in the set's order."""
    rows = lineage.branch
    made: dict[str, Tree] = {}
    root: Tree | None = None
    order = rows["code"].map(code_order)
    for row in rows.assign(order=order).sort_values(["depth", "order"]).itertuples():
        above = made.get(row.path.rpartition("/")[0])
        made[row.path] = Tree(_label(row)) if above is None else above.add(_label(row))
        root = root or made[row.path]
    assert root is not None
    return root


def explain(lineage: Lineage, lake: Lake, console: Console) -> bool:
    """Print the lineage; whether all of it adds up."""
    first = lineage.rows[lineage.rows["level"] == "total"].iloc[0]
    console.rule(f"{first['district_name_vi']}, {first['survey_year']}, ấn bản {first['edition']}")
    if bool(first["is_sample"]):
        console.print("[yellow]Dữ liệu mẫu / sample data[/yellow]")
    console.print(draw(lineage))
    weights = sum_weights(lake, lineage.partitions)
    table = Table(title="Người trả lời và trọng số / respondents and weights")
    heads = ("huyện", "số phiếu", "tổng", "nhỏ nhất", "lớn nhất", "hiệu ứng thiết kế")
    for head in heads:
        table.add_column(head, justify="left" if head == "huyện" else "right")
    for row in weights.itertuples():
        figures = [_show(value, 2) for value in (row.sum, row.min, row.max)]
        table.add_row(row.district, _show(row.n, 0), *figures, _show(row.deff, 3))
    console.print(table)
    console.print("Tệp đã nhận, sha256 / files received")
    for row in lineage.files.itertuples():
        name = f"{row.district_of_file}/{row.file}"
        console.print(f"  {name}  {row.sha256}", markup=False, soft_wrap=True)
    versions = lineage.partitions.groupby("asset")["code_version"].agg(
        lambda own: ", ".join(sorted(set(own)))
    )
    console.print("Phiên bản mã / code versions: "
                  + "; ".join(f"{name} {own}" for name, own in versions.items()))  # fmt: skip
    outdated = list(weights.loc[weights["n"].isna(), "district"])
    if outdated:
        console.print(f"[red]Weights of {', '.join(outdated)} were made anew since these figures "
                      "were published: refresh the year.[/red]")  # fmt: skip
    return _tell_sum(lineage, console) and not outdated


def _tell_sum(lineage: Lineage, console: Console) -> bool:
    checked = add_up(lineage.branch)
    wrong = checked[~(checked["difference"] <= TOLERANCE)]
    for row in wrong.itertuples():
        console.print(f"[red]{row.path}: published {row.printed!r}, parts give "
                      f"{row.computed!r}[/red]")  # fmt: skip
    if wrong.empty and len(checked):
        largest = checked["difference"].max()
        console.print(f"[green]Khớp: {len(checked)} điểm tính lại từ các phần ở trên, chênh lệch "
                      f"lớn nhất {largest:.1e} / adds up[/green]")  # fmt: skip
    elif wrong.empty:
        console.print("Không có điểm nào để tính lại / no score to compute again")
    return wrong.empty


def main() -> int:
    """`python -m pipelines.lineage --year 2019 --unit 193-ha-long [--key dimension_1]`."""
    parser = argparse.ArgumentParser(description="Print what a published score is made of.")
    parser.add_argument("--year", type=int, required=True)
    parser.add_argument("--unit", required=True, help="a district key, or province")
    parser.add_argument("--key", default="total", help="a node of the index; default: total")
    parser.add_argument("--edition", default="", help="default: the latest of the year")
    arguments = parser.parse_args()
    settings, console = Settings(), Console(highlight=False)
    engine = sa.create_engine(settings.warehouse)
    try:
        with engine.connect() as connection:
            lineage = read_lineage(connection, arguments.year, arguments.unit, arguments.key,
                                   arguments.edition)  # fmt: skip
    except UnknownError as error:
        console.print(str(error), markup=False)
        return 1
    except sa.exc.DatabaseError:
        console.print("The warehouse holds no scores yet: `make refresh` makes them.")
        return 1
    return 0 if explain(lineage, Lake(settings.lake), console) else 1


if __name__ == "__main__":
    sys.exit(main())
