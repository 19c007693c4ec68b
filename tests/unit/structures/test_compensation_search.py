"""Dopants, sublattices and compensations: names, choices and refusals."""

from __future__ import annotations

import re

import pytest
from pymatgen.core import Lattice, Structure

from perolyte.errors import InputError
from perolyte.structures.compensation import (
    NAMED_COMPENSATIONS,
    find_compensations,
    find_imbalances,
    get_compensation,
    write_site_reaction,
)
from perolyte.structures.dopant import Dopant, place_dopant
from perolyte.structures.roles import SiteRoles
from perolyte.structures.sublattices import build_sublattices, convert_roles, find_sublattices
from support.perovskites import build, cubic

LLTO_STATES = {"Li": 1, "La": 3, "Ti": 4, "O": -2}
LLTO = convert_roles(SiteRoles(A=("Li", "La"), B=("Ti",), X=("O",)), LLTO_STATES)
LLTO_PARENT = {"states": LLTO_STATES, "sublattices": LLTO, "empty_sites": {"A": True}}
STO_STATES = {"Sr": 2, "Ti": 4, "O": -2}
STO = build_sublattices({"A": "Sr", "B": "Ti", "X": "O"}, states=STO_STATES)
STO_PARENT = {"states": STO_STATES, "sublattices": STO}


RIGHT = (90, 90, 90)
SPINEL = build("Fd-3m:2", (8.08, 8.08, 8.08, *RIGHT), ["Mg2+", "Al3+", "O2-"],
               [[0.125, 0.125, 0.125], [0.5, 0.5, 0.5], [0.2624, 0.2624, 0.2624]])  # fmt: skip
PEROVSKITES = {
    "LLTO layered": build(
        "P4/mmm", (3.88, 3.88, 7.76, *RIGHT),
        [{"La3+": 0.9, "Li+": 0.05}, {"La3+": 0.2, "Li+": 0.6}, "Ti4+", "O2-", "O2-", "O2-"],
        [[0, 0, 0], [0, 0, 0.5], [0.5, 0.5, 0.26], [0.5, 0.5, 0], [0.5, 0.5, 0.5],
         [0, 0.5, 0.235]],
    ),
    "Ba2MgWO6": build("Fm-3m", (8.11, 8.11, 8.11, *RIGHT), ["Ba2+", "Mg2+", "W6+", "O2-"],
                      [[0.25, 0.25, 0.25], [0, 0, 0], [0.5, 0.5, 0.5], [0.263, 0, 0]]),
    "Sr2TiO4": build("I4/mmm", (3.884, 3.884, 12.60, *RIGHT), ["Sr2+", "Ti4+", "O2-", "O2-"],
                     [[0, 0, 0.355], [0, 0, 0], [0, 0.5, 0], [0, 0, 0.152]]),
    "CsLaNb2O7": build(
        "P4/mmm", (3.906, 3.906, 11.18, *RIGHT), ["Cs+", "La3+", "Nb5+", "O2-", "O2-", "O2-"],
        [[0.5, 0.5, 0.5], [0.5, 0.5, 0], [0, 0, 0.2], [0, 0, 0], [0, 0, 0.355], [0, 0.5, 0.165]],
    ),
    "Li3OCl": cubic(3.907, ["Cl-", "O2-", "Li+"]),
}  # fmt: skip


def one(element, **kwargs):
    return Dopant(element, count=1, **kwargs)


def is_one_line(message):
    return "\n" not in message and ";" in message


class TestDopant:
    @pytest.mark.parametrize(
        ("kwargs", "part"),
        [
            ({"element": "Xx", "count": 1}, "no chemical element"),
            ({"element": "Sr", "host": "Q", "count": 1}, "no chemical element"),
            ({"element": "Sr", "host": "Sr", "count": 1}, "host is Sr too"),
            ({"element": "Sr"}, "exactly one"),
            ({"element": "Sr", "count": 1, "fraction": 0.1}, "exactly one"),
            ({"element": "Sr", "count": 0}, "integers from 1"),
            ({"element": "Sr", "count": True}, "integers from 1"),
            ({"element": "Sr", "fraction": 1.5, "basis": "A_sites"}, "above 0 up to 1"),
            ({"element": "Sr", "fraction": 0.0, "basis": "A_sites"}, "above 0 up to 1"),
            ({"element": "Sr", "fraction": 0.1}, "A_sites, B_sites"),
            ({"element": "Sr", "fraction": 0.1, "basis": "percent"}, "basis is 'percent'"),
            ({"element": "Sr", "count": 1, "basis": "A_sites"}, "leave basis out"),
        ],
    )
    def test_bad_values_are_refused(self, kwargs, part):
        with pytest.raises(InputError, match=part):
            Dopant(**kwargs)

    def test_the_charge_is_common_or_given(self):
        assert (one("Sr").charge, one("Fe", oxidation_state=3).charge) == (2, 3)
        with pytest.raises(InputError, match="Fe has no single common oxidation state"):
            _ = one("Fe").charge

    def test_a_dopant_goes_where_ions_resemble_it(self):
        def place(element):
            return place_dopant(one(element), sublattices=LLTO, states=LLTO_STATES).name

        assert {e: place(e) for e in ("Sr", "Ba", "Nd", "Na", "Al", "Nb", "Zr", "F")} == {
            "Sr": "A", "Ba": "A", "Nd": "A", "Na": "A", "Al": "B", "Nb": "B", "Zr": "B", "F": "X",
        }  # fmt: skip

    def test_a_dopant_between_two_sublattices_asks_for_its_host(self):
        states = {"Ba": 2, "Zr": 4, "O": -2}
        parent = build_sublattices({"A": "Ba", "B": "Zr", "X": "O"}, states=states)
        with pytest.raises(InputError, match=r"Y may go onto Zr or Ba.*host='Zr'"):
            place_dopant(one("Y"), sublattices=parent, states=states)
        assert place_dopant(one("Y", host="Ba"), sublattices=parent, states=states).name == "A"

    def test_hosts_and_dopants_are_checked_against_the_parent(self):
        with pytest.raises(InputError, match="host Ca is not in the structure, allowed are Sr, Ti"):
            find_compensations([one("La", host="Ca")], **STO_PARENT)
        with pytest.raises(InputError, match="Ti is already an element"):
            find_compensations([one("Ti", host="Sr")], **STO_PARENT)
        with pytest.raises(InputError, match="oxidation_state"):
            find_compensations([one("Mn")], **STO_PARENT)


class TestSublattices:
    def test_perovskites_have_a_b_and_x(self):
        found = find_sublattices(PEROVSKITES["LLTO layered"])
        assert [(m.name, m.elements) for m in found.members] == [
            ("A", ("La", "Li")), ("B", ("Ti",)), ("X", ("O",))
        ]  # fmt: skip
        assert (found.mobile, found.host, found.center, found.anion) == ("Li", "La", "Ti", "O")
        assert found.get("A").reference_charge == 2

    @pytest.mark.parametrize(
        ("name", "charges"),
        [
            ("Ba2MgWO6", {"A": 2, "B": 4, "X": -2}),
            ("Sr2TiO4", {"A": 2, "B": 4, "X": -2}),
            ("CsLaNb2O7", {"A": 2, "B": 5, "X": -2}),
            ("Li3OCl", {"A": -1, "B": -2, "X": 1}),
        ],
    )
    def test_reference_charges_balance_the_full_formula(self, name, charges):
        found = find_sublattices(PEROVSKITES[name])
        assert {m.name: m.reference_charge for m in found.members} == charges

    def test_elsewhere_elements_that_share_sites_belong_together(self):
        inverse = SPINEL.copy()
        inverse.replace_species({"Mg2+": {"Mg2+": 0.8, "Al3+": 0.2}})
        found = find_sublattices(inverse)
        assert [m.elements for m in found.members] == [("Al", "Mg"), ("O",)]
        assert find_sublattices(SPINEL).names == ("Mg", "Al", "O")

    def test_antisites_of_a_perovskite_are_refused(self):
        cell = Structure.from_spacegroup(
            "Pm-3m",
            Lattice.cubic(3.99),
            [{"Ca2+": 0.9, "Zr4+": 0.1}, {"Zr4+": 0.9, "Ca2+": 0.1}, "O2-"],
            [[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.5, 0]],
        )
        with pytest.raises(InputError, match="is on two of the sublattices"):
            find_sublattices(cell)

    def test_lists_are_checked(self):
        for members, part in [
            ({"A": ["Sr"], "B": []}, "no element"),
            ({"A": ["Sr"], "B": ["Sr"]}, "list each element once"),
            ({"A": ["Ca"], "B": ["Ti"]}, "no oxidation state"),
        ]:
            with pytest.raises(InputError, match=part):
                build_sublattices(members, states=STO_STATES)
        with pytest.raises(InputError, match="no sublattice 'Q'"):
            STO.get("Q")


class TestNames:
    def test_all_named_ones_occur_in_llto(self):
        found = [c.name for e in ("Sr", "Al") for c in find_compensations([one(e)], **LLTO_PARENT)]
        assert found == list(NAMED_COMPENSATIONS)

    def test_a_second_b_cation_has_a_name_of_its_own(self):
        states = {"Ba": 2, "Zr": 4, "Ce": 4, "O": -2}
        parent = build_sublattices({"A": "Ba", "B": ["Zr", "Ce"], "X": "O"}, states=states)
        names = [c.name for c in find_compensations([one("Sc")], states=states, sublattices=parent)]
        assert names == ["A3", "Ce-vO"]

    def test_several_hosts_of_the_same_charge_are_told_apart(self):
        states = {"Sr": 2, "Ba": 2, "Ti": 4, "O": -2}
        parent = build_sublattices({"A": ["Sr", "Ba"], "B": "Ti", "X": "O"}, states=states)
        found = find_compensations([one("Ca")], states=states, sublattices=parent)
        assert [c.name for c in found] == ["isovalent-Ba", "isovalent-Sr"]

    def test_dopants_on_one_kind_of_ion_are_named_like_one(self):
        found = find_compensations([one("Al"), one("Ga")], **STO_PARENT)
        assert [(c.name, dict(c.dopants)) for c in found] == [("A3", {"Al": 1, "Ga": 1})]

    def test_a_host_narrows_the_choice(self):
        def names(host):
            return [c.name for c in find_compensations([one("Sr", host=host)], **LLTO_PARENT)]

        assert names("La") == ["S1", "S2", "S3", "S5"]
        assert names("Li") == ["S3", "S4"]

    def test_without_empty_sites_nothing_enters_them(self):
        found = find_compensations([one("Sr")], states=LLTO_STATES, sublattices=LLTO)
        assert [c.name for c in found] == ["S1", "S3", "S4"]

    def test_what_may_change_can_be_restricted(self):
        found = find_compensations([one("Sr")], allowed=["O", "vacancy_X"], **LLTO_PARENT)
        assert [c.name for c in found] == ["S1"]
        found = find_compensations([one("Nb")], allowed=["Ti", "vacancy_B"], **STO_PARENT)
        assert [(c.name, dict(c.changes)) for c in found] == [
            ("Ti-vTi", {"Ti": -5, "vacancy_B": 1})
        ]

    def test_words(self):
        words = {c.name: c.description for c in find_compensations([one("Sr")], **LLTO_PARENT)}
        assert words["S1"] == "2 Sr2+ replace 2 La3+; 1 O2- leaves its site empty"
        assert words["S2"] == "1 Sr2+ replaces 1 La3+; 1 Li+ takes the place of 1 empty A site"
        assert words["S3"] == "2 Sr2+ replace 2 La3+; 1 La3+ takes the place of 1 Li+"
        (same,) = find_compensations([one("Ca")], **STO_PARENT)
        assert same.description == "1 Ca2+ replaces 1 Sr2+; no charge to balance"
        (pair,) = find_compensations([one("Al"), one("Nb")], **STO_PARENT)
        assert pair.description.endswith("their charges cancel")


class TestRatio:
    def test_counts_and_fractions_give_the_ratio(self):
        def units(*dopants, **kwargs):
            return [dict(c.dopants) for c in find_compensations(dopants, **STO_PARENT, **kwargs)]

        assert units(Dopant("Al", count=2), Dopant("Nb", count=2)) == [{"Al": 1, "Nb": 1}]
        assert units(Dopant("Al", count=4), Dopant("Nb", count=2)) == [{"Al": 4, "Nb": 2}]
        thin = [Dopant(e, fraction=f, basis="B_sites") for e, f in (("Al", 0.06), ("Nb", 0.02))]
        assert units(*thin) == [{"Al": 3, "Nb": 1}]
        assert units(one("Al"), one("Nb"), ratio=[3, 1]) == [{"Al": 3, "Nb": 1}]

    @pytest.mark.parametrize(
        ("dopants", "ratio", "part"),
        [
            ([], None, "no dopant"),
            ([one("Al"), one("Al")], None, "given twice"),
            ([one("Al"), one("Nb")], [1], "one integer from 1 for each"),
            ([one("Al"), one("Nb")], [1, 0], "one integer from 1 for each"),
            ([one("Al"), Dopant("Nb", fraction=0.1, basis="B_sites")], None, "give all per"),
            (
                [
                    Dopant("Al", fraction=0.5, basis="B_sites"),
                    Dopant("Nb", fraction=1e-5, basis="B_sites"),
                ],
                None,
                "too different",
            ),
        ],
    )
    def test_bad_ratios_are_refused(self, dopants, ratio, part):
        with pytest.raises(InputError, match=part):
            find_compensations(dopants, ratio=ratio, **STO_PARENT)


class TestRefusals:
    def test_impossible_neutrality_names_what_would_do(self):
        with pytest.raises(InputError) as caught:
            find_compensations([one("La")], allowed=["O", "vacancy_X"], **STO_PARENT)
        message = str(caught.value)
        assert is_one_line(message)
        assert "La3+ on Sr2+ leaves a net charge of +1 e" in message
        assert "allow 'vacancy_A' (vacancies of Sr2+)" in message
        assert "a dopant of charge +2 e" in message

    def test_what_the_message_names_does_work(self):
        allowed = ["O", "vacancy_X"]
        found = find_compensations([one("La")], allowed=[*allowed, "Sr", "vacancy_A"], **STO_PARENT)
        assert [c.name for c in found] == ["Sr-vSr"]
        found = find_compensations(
            [one("La", oxidation_state=2, host="Sr")], allowed=allowed, **STO_PARENT
        )
        assert [c.name for c in found] == ["isovalent"]

    def test_a_larger_unit_is_proposed(self):
        with pytest.raises(InputError, match="raise max_multiple to 2"):
            find_compensations([one("La")], max_multiple=1, **STO_PARENT)

    def test_a_name_that_does_not_fit_lists_those_that_do(self):
        with pytest.raises(InputError) as caught:
            get_compensation("S1", [one("Al", host="Ti")], **LLTO_PARENT)
        assert is_one_line(str(caught.value))
        assert "use A1, A2, A3, A4 on Ti" in str(caught.value)
        with pytest.raises(InputError, match="S1, S2, S3, S4, S5 on A"):
            get_compensation("S9", [one("Sr")], **LLTO_PARENT)
        with pytest.raises(InputError, match="net charge"):
            get_compensation("S1", [one("La")], allowed=["O"], **STO_PARENT)

    def test_a_name_that_fits_two_hosts_asks_for_one(self):
        states = {"Ba": 2, "Mg": 2, "W": 6, "O": -2}
        parent = build_sublattices({"A": "Ba", "B": ["Mg", "W"], "X": "O"}, states=states)
        found = get_compensation("isovalent", [one("Ca")], states=states, sublattices=parent)
        assert found.replaced == {"Ca": "Ba"}
        garnet = build_sublattices({"Ba": "Ba", "Mg": "Mg", "W": "W", "O": "O"}, states=states)
        with pytest.raises(InputError, match="in place of Ba or Mg; give the host"):
            get_compensation("isovalent", [one("Ca")], states=states, sublattices=garnet)

    def test_names_in_the_question_are_checked(self):
        with pytest.raises(InputError, match="'vacancy_Q', which is no element or vacancy"):
            find_compensations([one("La")], allowed=["vacancy_Q"], **STO_PARENT)
        with pytest.raises(InputError, match="empty_sites names the sublattice 'Q'"):
            find_compensations([one("La")], empty_sites={"Q": 1}, **STO_PARENT)
        with pytest.raises(InputError, match="max_multiple is 0"):
            find_compensations([one("La")], max_multiple=0, **STO_PARENT)
        with pytest.raises(InputError, match="Sr has no oxidation state"):
            find_compensations([one("Al", host="Ti")], states={"Ti": 4, "O": -2}, sublattices=STO)


class TestApply:
    def test_a_name_finds_its_sublattice_and_multiplies(self):
        s5 = get_compensation("S5", [one("Sr")], **LLTO_PARENT)
        assert s5.apply(6) == {"Sr": 6, "La": -4, "vacancy_A": -2}
        assert (s5.replaced, s5.placed) == ({"Sr": "La"}, {"Sr": "A"})

    def test_a_wrong_count_names_the_nearest(self):
        s5 = get_compensation("S5", [one("Sr")], **LLTO_PARENT)
        for count, part in [(4, "nearest are 3 and 6"), (1, "nearest is 3"), (-2, "nearest is 3")]:
            with pytest.raises(InputError, match=part):
                s5.apply(count)

    def test_any_dopant_may_be_counted(self):
        (pair,) = find_compensations([one("Al"), one("Nb")], ratio=[3, 1], **STO_PARENT)
        assert pair.apply(2, element="Nb") == {
            "Al": 6, "Nb": 2, "Ti": -8, "O": -2, "vacancy_X": 2,
        }  # fmt: skip
        with pytest.raises(InputError, match="Ti is no dopant"):
            pair.apply(2, element="Ti")


class TestReaction:
    PLACED = {"Al": "B"}  # noqa: RUF012
    CHANGES = {"Al": 2, "Ti": -2, "O": -1, "vacancy_X": 1}  # noqa: RUF012
    STATES = STO_STATES | {"Al": 3}

    def check(self, reaction):
        return find_imbalances(
            reaction, self.CHANGES, placed=self.PLACED, states=self.STATES, sublattices=STO
        )

    def test_reactions_of_the_table(self):
        reactions = {
            c.name: c.reaction
            for e in ("Sr", "Al")
            for c in find_compensations([one(e)], **LLTO_PARENT)
        }
        assert reactions["S1"] == "2 La•_A + O×_O → 2 Sr×_A + V••_O"
        assert reactions["S4"] == "2 Li′_A → Sr×_A + V′′_A"
        assert reactions["A1"] == "Ti×_Ti + V′′_A → Al′_Ti + Li′_A"

    @pytest.mark.parametrize(
        ("reaction", "part"),
        [
            ("2 Ti×_Ti → 2 Al′_Ti + V••_O", "sites O"),
            ("2 Ti×_Ti + O×_O → 2 Al×_Ti + V••_O", "effective charges"),
            ("2 Ti×_Ti + O×_O → 2 Ga′_Ti + V••_O", "Ga of effective charge"),
            ("4 Ti×_Ti + 2 O×_O → 4 Al′_Ti + 2 V••_O", "instead of"),
        ],
    )
    def test_a_wrong_reaction_is_found_out(self, reaction, part):
        assert self.check("2 Ti×_Ti + O×_O → 2 Al′_Ti + V••_O") == ()
        assert any(part in problem for problem in self.check(reaction))

    def test_what_is_no_reaction_is_refused(self):
        for text in ("2 Ti×_Ti + O×_O", "Ti → Al", "Ti4+ → Al′_Ti"):
            with pytest.raises(InputError, match="site reaction"):
                self.check(text)

    def test_vacancies_and_vanadium_are_told_apart(self):
        reaction = write_site_reaction(
            {"V": 2, "Ti": -2, "Sr": -1, "vacancy_A": 1},
            placed={"V": "B"}, states=STO_STATES | {"V": 5}, sublattices=STO,
        )  # fmt: skip
        assert reaction == "2 Ti×_Ti + Sr×_Sr → 2 V•_Ti + v′′_Sr"

    def test_every_term_is_written_with_its_site(self):
        for c in find_compensations([one("Sr")], **LLTO_PARENT):
            for term in re.split(r" \+ | → ", c.reaction):
                assert re.fullmatch(r"(\d+ )?[A-Z][a-z]?[•′×]+_[A-Z][a-z]?", term)
