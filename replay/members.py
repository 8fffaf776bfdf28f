"""Who the data's households are on the ledger: a random id and a key of its own for each, kept in the state directory."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from node_gateway.cli.state_directory import StateDirectory
from partner_sdk.protocol import MemberId, SigningKey

MEMBERS_FILE = "members.json"
# What the wallet needs so that a member of the replay can approve in the browser.
MEMBER_KEYS_FILE = "member_keys.json"
ENROLMENTS_IN_ONE_SUBMISSION = 100


@dataclass(frozen=True, slots=True)
class ReplayMember:
    """A household as a member.

    Attributes:
        enrolment: counts the enrolments from 0; the operation's sequence number.
        submission: the first enrolment of the submission in which this one is signed; fixed when the member is made.
    """

    household: int
    enrolment: int
    submission: int
    member: MemberId
    key: SigningKey


class Members:
    """All members of a replay, by household. New ones are on disk before anything is signed for them."""

    def __init__(self, state: StateDirectory) -> None:
        self._state = state
        self._by_household: dict[int, ReplayMember] = {}
        stored: list[Mapping[str, Any]] = (state.read_json(MEMBERS_FILE) or {}).get("members", [])
        for enrolment, entry in enumerate(stored):
            self._by_household[entry["household"]] = ReplayMember(
                household=entry["household"],
                enrolment=enrolment,
                submission=entry["submission"],
                member=MemberId.parse(entry["member"]),
                key=SigningKey.parse(entry["key"]),
            )

    def __getitem__(self, household: int) -> ReplayMember:
        return self._by_household[household]

    def __len__(self) -> int:
        return len(self._by_household)

    def admit(self, households: Iterable[int]) -> None:
        """Gives an id and a key to those that have none."""
        new = [household for household in dict.fromkeys(households) if household not in self._by_household]
        first = len(self._by_household)
        for position, household in enumerate(new):
            self._by_household[household] = ReplayMember(
                household=household,
                enrolment=first + position,
                submission=first + position - position % ENROLMENTS_IN_ONE_SUBMISSION,
                member=MemberId.random(),
                key=SigningKey.generate(),
            )
        if new or self._state.read_json(MEMBER_KEYS_FILE) is None:
            self._save()

    def enrolling(self, *, enrolled: int) -> list[list[ReplayMember]]:
        """Members beyond the first `enrolled`, in the submissions in which they are enrolled."""
        waiting = [one for one in self._by_household.values() if one.enrolment >= enrolled]
        return [list(group) for _, group in groupby(waiting, key=lambda one: one.submission)]

    def _save(self) -> None:
        everyone = list(self._by_household.values())
        self._state.write_json(
            MEMBERS_FILE,
            {
                "members": [
                    {
                        "household": one.household,
                        "submission": one.submission,
                        "member": one.member.text,
                        "key": one.key.secret.hex(),
                    }
                    for one in everyone
                ]
            },
        )
        self._state.write_json(MEMBER_KEYS_FILE, {one.member.text: one.key.secret.hex() for one in everyone})
