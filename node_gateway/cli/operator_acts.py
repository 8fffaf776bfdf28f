"""What the operator does to a program: deploy, admit, set terms, open campaigns, suspend, close a cycle."""

from collections.abc import Callable, Mapping, Sequence

from node_gateway.chain import node
from node_gateway.chain.account import Account
from node_gateway.chain.admin import Delegation
from node_gateway.chain.deploy import ProgramParameters, deploy
from node_gateway.chain.deployment import Deployment
from node_gateway.chain.rpc import Rpc
from node_gateway.chain.transactions import Signer
from node_gateway.cli.errors import CommandError
from node_gateway.cli.exit_codes import ExitCode
from node_gateway.cli.program_session import OPERATOR_KEY, OPERATOR_POINTS_KEY, ProgramSession
from node_gateway.cli.state_directory import StateDirectory
from node_gateway.jobs.plain_transactions import DatabaseJournal
from partner_sdk.protocol import (
    CampaignTerms,
    OperationKind,
    PartnerId,
    PartnerTerms,
    SigningKey,
    Submitter,
)


def partner_key_name(partner: int) -> str:
    """The file that holds a partner's own key where this machine keeps it."""
    return f"partner-{partner}"


def parameters_of(*, name: str, symbol: str, day_offset_s: int = 0) -> Callable[[bytes], ProgramParameters]:
    """Program terms with everything else at its default, to be completed with the operator's points key."""
    return lambda operator_key: ProgramParameters(
        name=name, symbol=symbol, operator_key=operator_key, day_offset_s=day_offset_s
    )


async def deploy_program(
    rpc: Rpc,
    state: StateDirectory,
    parameters: Callable[[bytes], ProgramParameters],
    *,
    chain_id: int,
    journal: DatabaseJournal,
    progress: Callable[[str], None],
) -> Deployment:
    """Deploys a program with keys of the state directory and saves where it is.

    Args:
        rpc: the chain.
        state: gets `deployment.json`.
        parameters: the program terms, given the address of the operator's points key.
        chain_id: of the chain.
        journal: keeps every transaction before it is sent.
        progress: told each step.
    """
    signer = Signer(state.key(OPERATOR_KEY))
    # A deployment that did not come to its end, on a chain that is gone since, is nothing that could be gone on with.
    await journal.forget_from(
        signer.address, await node.transaction_count(rpc, signer.address_text, "latest")
    )
    account = Account(rpc, signer, chain_id=chain_id, journal=journal)
    points_key = SigningKey(state.key(OPERATOR_POINTS_KEY))
    deployment = await deploy(account, parameters(bytes(points_key.address)), progress=progress)
    deployment.save(state.root)
    return deployment


async def admit_partner(session: ProgramSession, *, partner: int, name: str, key: bytes) -> str:
    """Admits a partner with the key that it signs with; it has no terms yet."""
    return (await session.administration.admit_partner(partner, name, key)).receipt.tx_hash


async def record_terms(session: ProgramSession, terms: PartnerTerms, *, partner_signature: bytes) -> str:
    """Records a partner's prices, signed by the partner; the operator's signature is added."""
    operator_signature = session.points_key.sign(terms.digest(session.domain))
    sent = await session.administration.record_terms(terms, [partner_signature, operator_signature])
    return sent.receipt.tx_hash


def partner_signature(session: ProgramSession, terms: PartnerTerms) -> bytes:
    """A partner's signature under terms, where this machine keeps the partner's key.

    Raises:
        CommandError: where it does not.
    """
    return _held_key(session, terms.partner).sign(terms.digest(session.domain))


async def next_terms_version(session: ProgramSession, partner: int) -> int:
    """The version that a partner's next terms must have."""
    view = await session.read("partnerOf", partner)
    assert isinstance(view, Mapping)
    return int(view["version"]) + 1


async def allow_attester(session: ProgramSession, *, slot: int, key: bytes) -> str:
    """Lets a key of the program sign enrolments, transfers and members' key changes, without end."""
    return (await session.administration.appoint_attester(key, slot=slot)).receipt.tx_hash


async def allow_delegate(
    session: ProgramSession, submitter: Submitter, *, key: bytes, kinds: Sequence[OperationKind]
) -> str:
    """Lets a key submit for a partner, without end and without limits, signed with the partner's key, which this machine keeps."""
    known = await session.read("delegateOf", int(submitter))
    assert isinstance(known, list), "terms and version"
    allowed = sum(1 << kind for kind in kinds)
    delegation = Delegation(submitter=submitter, key=key, kinds_allowed=allowed, version=known[1] + 1)
    signature = _held_key(session, submitter.partner).sign(delegation.digest(session.domain))
    return (await session.administration.set_delegate(delegation, signature)).receipt.tx_hash


async def open_campaign(
    session: ProgramSession, terms: CampaignTerms, signatures: Mapping[PartnerId, bytes]
) -> str:
    """Opens a campaign; signatures of funders that are not given are made with keys that this machine keeps."""
    digest = terms.digest(session.domain)
    signed = [
        signatures.get(funder.partner) or _funder_key(session, funder.partner).sign(digest)
        for funder in terms.funders
    ]
    return (await session.administration.open_campaign(terms, signed)).receipt.tx_hash


async def close_cycle(session: ProgramSession, partners: Sequence[int]) -> dict[str, object]:
    """Closes the clearing cycle and issues the partners' statements."""
    cycle = await session.read("currentCycle")
    await session.administration.close_cycle(partners)
    statements = {str(partner): await session.read("statementOf", cycle, partner) for partner in partners}
    return {"cycle": cycle, "statements": statements}


async def admitted_partners(session: ProgramSession) -> list[int]:
    """The partners' numbers."""
    count = await session.read("partnerCount")
    assert isinstance(count, int)
    return list(range(1, count + 1))


def _funder_key(session: ProgramSession, partner: PartnerId) -> SigningKey:
    return session.points_key if partner == 0 else _held_key(session, partner)


def _held_key(session: ProgramSession, partner: int) -> SigningKey:
    name = partner_key_name(partner)
    if not session.state.has_key(name):
        raise CommandError(
            f"the key of partner {partner} is not on this machine",
            f"let the partner sign, and give its signature; or put the key into {session.state.keys / name}",
            ExitCode.USAGE,
        )
    return SigningKey(session.state.key(name))
