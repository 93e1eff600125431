"""Whatever is written as TOML is read back as the very same values."""

from __future__ import annotations

import tomllib

from hypothesis import given
from hypothesis import strategies as st

from aisle.store.toml_out import heading, table

texts = st.text(st.characters(exclude_categories=["Cs"]))
numbers = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
scalars = st.booleans() | numbers | texts | st.dates()
values = scalars | st.lists(scalars, max_size=4) | st.lists(st.lists(scalars, max_size=2), max_size=3)


@given(st.dictionaries(texts, values, max_size=4))
def test_tables_read_back(content: dict[str, object]) -> None:
    assert tomllib.loads(table("[shop]", content)) == {"shop": content}  # type: ignore[arg-type]


def test_a_heading_is_a_comment() -> None:
    assert tomllib.loads(heading("The shop.", "", "Metres.") + table("", {"a": 1})) == {"a": 1}
