"""Persons planted in a delivery, hunted through everything that the pipeline makes or says.
Not here: the rules of the door by themselves (tests/unit/ingest/test_privacy.py)."""

from __future__ import annotations

import io
import subprocess
import sys
import zipfile
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from tests.conftest import ROOT, SmallProvince

pytestmark = pytest.mark.xdist_group("small_province")

YEAR, DISTRICT = "2020", "207-co-to"
WORKBOOK = f"mau-sample-{YEAR}-{DISTRICT}-1.xlsx"
NAME, PHONE, CARD = "Nguyễn Văn Canary", "0912345678", "022085001234"
MAIL, PLACE = "canary@example.vn", "số nhà 7 ngõ Canary"
FORM = "CANARY-0007"
CANARIES = (NAME, PHONE, CARD, MAIL, PLACE, FORM, "Canary", "20.987654")


def words_of(path: Path) -> bytes:
    """What a file says, unpacked."""
    content = path.read_bytes()
    if path.suffix == ".parquet":
        return pd.read_parquet(io.BytesIO(content)).to_csv().encode()
    if content[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return b"\n".join(archive.read(name) for name in archive.namelist())
    return content


def places_of(canary: str, folder: Path) -> list[str]:
    spellings = {canary.encode(), canary.encode("unicode_escape"), canary.encode("utf-16-le")}
    return [
        str(path.relative_to(folder))
        for path in sorted(folder.rglob("*"))
        if path.is_file() and any(spelling in words_of(path) for spelling in spellings)
    ]


@pytest.fixture(scope="module")
def planted(small_province: SmallProvince):
    """The small province with persons in one workbook, in columns right and wrong; put back."""
    path = small_province.landing / YEAR / DISTRICT / WORKBOOK
    sound = path.read_bytes()
    book = openpyxl.load_workbook(path)
    sheet = book["TraLoi"]
    header = {cell.value: cell.column for cell in sheet[1]}

    def put(row: int, column: str, value: str) -> None:
        if column not in header:
            header[column] = sheet.max_column + 1
            sheet.cell(1, header[column], column)
        sheet.cell(row, header[column], value)

    for column, value in (("HoTen", NAME), ("DienThoai", PHONE), ("SoCCCD", CARD),
                          ("DiaChi", PLACE), ("TenDTV", NAME),
                          ("GPS", "20.987654 107.765432 3 5")):  # fmt: skip
        put(2, column, value)
    put(2, "MaPhieu", FORM)
    # In the wrong columns: an answer, a number, a code, a date, a text, a column nobody knows.
    put(3, "C101a", NAME)
    put(4, "C104", PHONE)
    put(5, "Tuoi", CARD)
    put(6, "MaXa", MAIL)
    put(7, "NgayPV", PHONE)
    put(8, "MaDTV", NAME)
    put(9, "PSU", PLACE)
    put(10, "Ghi chú riêng", f"{NAME} {PHONE}")
    book.save(path)
    maps = small_province.folder / "data/column_maps" / f"{YEAR}.csv"
    before = maps.read_text(encoding="utf-8")
    maps.write_text(before + '*,"Ghi chú riêng",,set_aside,\n', encoding="utf-8")
    log = path.parent / "corrections" / "log.csv"
    log.parent.mkdir()
    log.write_text(
        "NguoiSua,Ngay,LyDo,MaPhieu,CauHoi,GiaTriCu,GiaTriMoi\n"
        f"{NAME},05/11/2020,{NAME} gọi lại,{FORM},C104,{sheet.cell(2, header['C104']).value},888\n",
        encoding="utf-8",
    )
    try:
        yield small_province, small_province.refresh("--year", YEAR, "--processes", "1")
    finally:
        path.write_bytes(sound)
        maps.write_text(before, encoding="utf-8")
        log.unlink()
        log.parent.rmdir()
        assert small_province.refresh().returncode == 0


def test_the_delivery_with_persons_in_it_goes_all_the_way(planted):
    province, done = planted
    assert done.returncode == 0, done.stdout + done.stderr
    corrected = pd.read_parquet(
        province.home
        / f"lake/applied_corrections/survey_year={YEAR}/district={DISTRICT}/part.parquet"
    )
    assert list(corrected["status"]) == ["applied"]


@pytest.mark.parametrize("canary", CANARIES)
def test_nobody_planted_is_found_in_anything_made_or_said(planted, canary):
    province, done = planted
    assert canary not in done.stdout + done.stderr
    assert places_of(canary, province.home) == []
    assert places_of(canary, province.landing), "the hunt itself finds what is there"


def test_identities_are_sealed_and_open_with_the_secret_alone(planted, tmp_path):
    province, _ = planted
    sealed = province.home / "identities" / YEAR / f"{DISTRICT}.sealed"
    assert sealed.stat().st_mode & 0o077 == 0
    command = [sys.executable, "-m", "pipelines.vault", "--year", YEAR, "--district", DISTRICT]

    def opened(target: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*command, "--to", str(target)], env=environment, cwd=ROOT, capture_output=True,
            text=True, check=False,
        )  # fmt: skip

    target = tmp_path / "identities.csv"
    assert opened(target, province.environment).returncode == 0
    people = pd.read_csv(target, dtype=str, keep_default_na=False)
    own = people[people["form_number"] == FORM].iloc[0]
    assert (own["respondent_name"], own["respondent_phone"]) == (NAME, PHONE)
    assert people["column: Ghi chú riêng"].iloc[8].startswith(NAME)
    assert target.stat().st_mode & 0o077 == 0
    wrong = opened(tmp_path / "no.csv", province.environment | {"DGI_SECRET_KEY": "x" * 20})
    assert wrong.returncode == 1 and "DGI_SECRET_KEY" in wrong.stdout
    assert not (tmp_path / "no.csv").exists()
