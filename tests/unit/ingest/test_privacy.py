"""Belongs here: what the door hides: pseudonyms, persons' columns, masked cells, the sealed store.
Does not belong here: the canaries hunted through the whole chain (tests/end_to_end)."""

from __future__ import annotations

import re

import pandas as pd
import pytest
from cryptography.exceptions import InvalidTag
from hypothesis import given
from hypothesis import strategies as st

from dgi.ingest.facts import Facts
from dgi.ingest.privacy import MARK, Keys, seal, split_identities, unseal
from pipelines.settings import ROOT
from pipelines.vault import DROPPED, KEPT, SecretError, Vault

SECRET = b"a secret of some length"
KEYS = Keys(SECRET, 2019)
FORM = Facts(ROOT / "data").questionnaire("citizens-2018")


def delivered(**columns) -> pd.DataFrame:
    row = {"respondent_id": "QN-0001", "commune_code": "06652", "voted_peoples_council": "1",
           "age": "41", "commune_prob": "0,1234567890123", "interview_date": "15/08/2019",
           "interviewer": "DTV-07", "psu": "06652", "_file": "a.xlsx", "_sheet": "TraLoi",
           "_row": 2, "is_sample": False}  # fmt: skip
    frame = pd.DataFrame([row | columns])
    text = [name for name in frame if name not in ("_row", "is_sample")]
    return frame.astype(dict.fromkeys(text, "str"))


def split(frame: pd.DataFrame, set_aside: pd.DataFrame | None = None):
    aside = pd.DataFrame(index=frame.index) if set_aside is None else set_aside
    return split_identities(frame, aside, FORM, KEYS)


def test_a_form_number_is_one_pseudonym_however_it_is_written():
    forms = ["QN-0001", " qn-0001 ", "QN-0001\n"]
    assert len({KEYS.pseudonym(form) for form in forms}) == 1
    assert KEYS.pseudonym("17") == KEYS.pseudonym("17.0") != KEYS.pseudonym("170")
    assert re.fullmatch("[0-9a-f]{16}", KEYS.pseudonym("QN-0001"))
    assert KEYS.pseudonym("  ") == ""


def test_pseudonyms_differ_between_years_and_secrets():
    others = (Keys(SECRET, 2020), Keys(b"another secret of a length", 2019))
    assert len({keys.pseudonym("QN-0001") for keys in (KEYS, *others)}) == 3


def test_sound_cells_pass_as_they_are():
    result = split(delivered())
    row = result.answers.iloc[0]
    assert result.masked == {}
    assert row["commune_prob"] == "0,1234567890123" and row["interview_date"] == "15/08/2019"
    assert row["psu"] == "06652" and row["voted_peoples_council"] == "1"
    assert row["respondent_id"] == KEYS.pseudonym("QN-0001")


def test_persons_and_undeclared_columns_go_to_the_identities_alone():
    frame = delivered(respondent_name="Nguyễn Văn Canary", respondent_phone="0912345678",
                      gps_point="20.95 107.08 3 5")  # fmt: skip
    aside = pd.DataFrame({"Ghi chú": ["nhà chị Canary"]})
    result = split(frame, aside)
    kept = result.answers.to_csv()
    for word in ("Canary", "0912345678", "20.95", "QN-0001"):
        assert word not in kept
    person = result.identities.iloc[0]
    assert person["respondent_name"] == "Nguyễn Văn Canary"
    assert person["form_number"] == "QN-0001" and person["column: Ghi chú"] == "nhà chị Canary"
    assert person["respondent_id"] == result.answers.iloc[0]["respondent_id"]


@pytest.mark.parametrize("column", ["voted_peoples_council", "age", "commune_code", "interviewer",
                                    "interview_date", "commune_prob", "psu"])  # fmt: skip
@pytest.mark.parametrize("text", ["Nguyễn Văn Canary", "0912345678", "0912 345 678",
                                  "022085001234", "canary@example.vn", "+84912345678"])  # fmt: skip
def test_what_could_be_a_person_in_any_column_is_masked(column, text):
    result = split(delivered(**{column: text}))
    assert result.masked == {column: 1}
    cell = result.answers.iloc[0][column]
    assert cell == KEYS.fingerprint(text) and cell.startswith(MARK)
    assert text not in result.answers.to_csv()


@given(st.text(min_size=1, max_size=30))
def test_no_text_passes_unless_it_has_the_shape_of_its_column(text):
    cell = split(delivered(voted_peoples_council=text)).answers.iloc[0]["voted_peoples_council"]
    assert cell.startswith(MARK) or re.fullmatch(r"[-+]?\d{1,7}([.,]0+)?|\.[a-z]?", cell)


def test_a_blank_cell_stays_blank():
    result = split(delivered(voted_peoples_council=None))
    assert pd.isna(result.answers.iloc[0]["voted_peoples_council"]) and not result.masked


def test_what_is_sealed_opens_with_its_secret_and_place_only():
    sealed = seal(b"content", SECRET, "2019/207-co-to")
    assert sealed == seal(b"content", SECRET, "2019/207-co-to") and b"content" not in sealed
    assert unseal(sealed, SECRET, "2019/207-co-to") == b"content"
    for secret, place in ((b"another secret of a length", "2019/207-co-to"), (SECRET, "2019/x")):
        with pytest.raises(InvalidTag):
            unseal(sealed, secret, place)


def identities() -> pd.DataFrame:
    return split(delivered(respondent_name="Nguyễn Văn Canary")).identities


def test_the_vault_keeps_identities_encrypted_and_gives_them_back(tmp_path):
    vault = Vault(tmp_path / "identities", tmp_path, SECRET.decode())
    assert vault.keep(2019, "207-co-to", identities()) == KEPT
    path = vault.path(2019, "207-co-to")
    assert b"Canary" not in path.read_bytes()
    assert path.stat().st_mode & 0o077 == 0
    assert list(vault.read(2019, "207-co-to")["respondent_name"]) == ["Nguyễn Văn Canary"]
    with pytest.raises(SecretError, match="DGI_SECRET_KEY"):
        Vault(vault.folder, tmp_path, "another secret of a length").read(2019, "207-co-to")


def test_without_a_secret_nothing_is_kept_and_it_says_so(tmp_path):
    vault = Vault(tmp_path / "identities", tmp_path / "home", "")
    assert vault.keep(2019, "207-co-to", identities()) == DROPPED
    assert not (tmp_path / "identities").exists()


def test_pseudonyms_without_a_secret_rest_on_a_key_made_once(tmp_path):
    first, second = (Vault(tmp_path / "i", tmp_path / "home", "").pseudonym_key() for _ in "ab")
    assert first == second and len(first) == 32
    assert (tmp_path / "home" / "pseudonyms.key").stat().st_mode & 0o077 == 0


def test_a_secret_that_protects_nobody_is_refused(tmp_path):
    with pytest.raises(SecretError, match="16 characters"):
        Vault(tmp_path, tmp_path, "short").pseudonym_key()
