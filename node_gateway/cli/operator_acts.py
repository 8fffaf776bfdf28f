"""What the operator does to a program: deploy, admit, set terms, open campaigns, suspend, close a cycle."""

from collections.abc import Callable, Mapping, Sequence

from node_gateway.chain.account import Account
from node_gateway.chain.artifacts import address_bytes, load_artifact
from node_gateway.chain.deploy import ACCESS_MANAGER, ProgramParameters, deploy
from node_gateway.chain.deployment import Deployment
from node_gateway.chain.roles import Role
from node_gateway.chain.rpc import Rpc
from node_gateway.chain.transactions import Signer
from node_gateway.cli.errors import CommandError
from node_gateway.cli.exit_codes import ExitCode
from node_gateway.cli.program_session import OPERATOR_KEY, OPERATOR_POINTS_KEY, ProgramSession
from node_gateway.cli.state_directory import StateDirectory
from partner_sdk.protocol import (
    CampaignTerms,
    OperationKind,
    PartnerId,
    PartnerTerms,
    SigningKey,
    Submitter,
    keccak256,
)
from partner_sdk.protocol.eip712 import address_word, uint_word

NO_LIMIT_32 = 2**32 - 1
NO_LIMIT_48 = 2**48 - 1
_DELEGATE_TYPE = (
    b"Delegate(uint32 submitter,address key,uint48 validUntil,uint32 kindsAllowed,uint32 operationPointsMax,"
    b"uint48 dayPointsMax,uint32 version)"
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
    progress: Callable[[str], None],
) -> Deployment:
    """Deploys a program with keys of the state directory and saves where it is.

    Args:
        rpc: the chain.
        state: gets `deployment.json`.
        parameters: the program terms, given the address of the operator's points key.
        chain_id: of the chain.
        progress: told each step.
    """
    account = Account(rpc, Signer(state.key(OPERATOR_KEY)), chain_id=chain_id)
    points_key = SigningKey(state.key(OPERATOR_POINTS_KEY))
    deployment = await deploy(account, parameters(bytes(points_key.address)), progress=progress)
    deployment.save(state.root)
    return deployment


async def admit_partner(session: ProgramSession, *, partner: int, name: str, key: bytes) -> str:
    """Admits a partner with the key that it signs with; it has no terms yet."""
    return await session.transact("admitPartner", partner, name, key)


async def record_terms(session: ProgramSession, terms: PartnerTerms, *, partner_signature: bytes) -> str:
    """Records a partner's prices, signed by the partner; the operator's signature is added."""
    struct = {
        "partner": terms.partner,
        "version": terms.version,
        "issuePriceMicro": terms.issue_price_micro,
        "redeemPriceMicro": terms.redeem_price_micro,
        "earnRate": terms.earn_points_per_100_minor,
        "effectiveDay": terms.effective_day,
    }
    operator_signature = session.points_key.sign(terms.digest(session.domain))
    return await session.transact("recordTerms", struct, [partner_signature, operator_signature])


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
    authority = address_bytes(session.deployment.access_manager)
    await session.account.transact(
        load_artifact(ACCESS_MANAGER).abi, authority, "grantRole", int(Role.ATTESTER), key, 0
    )
    return await session.transact("setAttester", slot, key, NO_LIMIT_48)


async def allow_delegate(
    session: ProgramSession, submitter: Submitter, *, key: bytes, kinds: Sequence[OperationKind]
) -> str:
    """Lets a key submit for a partner, without end and without limits, signed with the partner's key, which this machine keeps."""
    known = await session.read("delegateOf", int(submitter))
    assert isinstance(known, list), "terms and version"
    fields = (key, NO_LIMIT_48, sum(1 << kind for kind in kinds), NO_LIMIT_32, NO_LIMIT_48)
    words = [
        uint_word(int(submitter)),
        address_word(key),
        *map(uint_word, fields[1:]),
        uint_word(known[1] + 1),
    ]
    digest = session.domain.digest(keccak256(keccak256(_DELEGATE_TYPE) + b"".join(words)))
    signature = _held_key(session, submitter.partner).sign(digest)
    return await session.transact("setDelegate", int(submitter), fields, signature)


async def open_campaign(
    session: ProgramSession, terms: CampaignTerms, signatures: Mapping[PartnerId, bytes]
) -> str:
    """Opens a campaign; signatures of funders that are not given are made with keys that this machine keeps."""
    digest = terms.digest(session.domain)
    signed = [
        signatures.get(funder.partner) or _funder_key(session, funder.partner).sign(digest)
        for funder in terms.funders
    ]
    struct = {
        "campaign": terms.campaign,
        "name": terms.name,
        "partners": list(terms.partners),
        "opensDay": terms.opens_day,
        "closesDay": terms.closes_day,
        "budgetPoints": terms.budget_points,
        "priceMicro": terms.price_micro,
        "stages": [
            {
                "bonusPoints": stage.bonus_points,
                "partnersRequired": stage.partners_required,
                "minSpendEach": stage.min_spend_each_minor,
                "minSpendTotal": stage.min_spend_total_minor,
                "minVisits": stage.min_visits,
            }
            for stage in terms.stages
        ],
        "funders": [{"partner": funder.partner, "shareBps": funder.share_bps} for funder in terms.funders],
    }
    return await session.transact("openCampaign", struct, signed)


async def close_cycle(session: ProgramSession, partners: Sequence[int]) -> dict[str, object]:
    """Closes the clearing cycle and issues the partners' statements."""
    cycle = await session.read("currentCycle")
    await session.transact("closeCycle")
    await session.transact("issueStatements", list(partners))
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
