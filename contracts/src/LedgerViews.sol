// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {
    AccountView,
    CampaignView,
    DebtView,
    DelegateTerms,
    HoldView,
    LotView,
    MemberView,
    PartnerView,
    Position,
    ProgramTerms,
    ProgressView,
    Statement,
    Totals
} from "./interfaces/IPointsLedger.sol";
import {Account, Accounts, Piece} from "./libraries/Accounts.sol";
import {KeyWord} from "./libraries/Authorisations.sol";
import {CampaignRules} from "./libraries/CampaignRules.sol";
import {DayList} from "./libraries/DayList.sol";
import {domainSeparatorOf} from "./libraries/Domain.sol";
import {
    CampaignSlots,
    Constitution,
    LedgerState,
    MemberSlots,
    Partner,
    PositionSlots,
    Program,
    StatementSlots,
    programDay
} from "./libraries/LedgerStorage.sol";
import {Positions} from "./libraries/Positions.sol";
import {Preview} from "./libraries/Preview.sol";
import {Spend, spendAt} from "./libraries/Spend.sol";
import {Terms} from "./libraries/Terms.sol";

/// @title What anyone can read of the ledger
/// @dev See `IPointsLedger` for what each answers.
abstract contract LedgerViews is LedgerState {
    using Accounts for Account;
    using DayList for mapping(uint256 => uint256);

    function name() external view returns (string memory) {
        return ledger.constitution.name;
    }

    function symbol() external view returns (string memory) {
        return ledger.constitution.symbol;
    }

    function decimals() external pure returns (uint8) {
        return 0;
    }

    function domainSeparator() external view returns (bytes32) {
        return domainSeparatorOf(address(this));
    }

    function today() public view returns (uint24) {
        return uint24(programDay(ledger.program.dayOffsetSeconds));
    }

    function isUsed(uint64 operation) external view returns (bool) {
        uint256 word = ledger.usedOperations[operation >> 32][uint32(operation) >> 8];
        return word & (1 << (operation & 0xff)) != 0;
    }

    function availableOf(address member) external view returns (uint256) {
        return Preview.available(ledger, Accounts.load(ledger, member), today());
    }

    function accountOf(address member) external view returns (AccountView memory) {
        Account memory a = Accounts.load(ledger, member);
        Preview.State memory state = Preview.touched(ledger, a, today());
        return AccountView({
            posted: uint64(a.balance),
            available: uint64(state.balance - state.held),
            held: uint64(state.held),
            debt: uint64(state.debt),
            lotCount: uint32(a.next),
            openLots: uint32(a.openLots()),
            touched: !a.isDue(today())
        });
    }

    function lotsOf(address member) external view returns (LotView[] memory lots) {
        Account memory a = Accounts.load(ledger, member);
        (Piece[] memory pieces, uint256[] memory indexes) = Accounts.ordered(ledger, a);
        lots = new LotView[](pieces.length);
        for (uint256 i = 0; i < pieces.length; ++i) {
            Terms terms = ledger.terms[pieces[i].terms];
            lots[i] = LotView({
                index: uint32(indexes[i]),
                kind: terms.kind(),
                issuer: uint16(terms.issuer()),
                stage: uint8(terms.stage()),
                expiresDay: uint24(pieces[i].day),
                points: uint32(pieces[i].points),
                spendKept: uint64(Accounts.lotAt(ledger, a, indexes[i]).kept()),
                terms: uint24(pieces[i].terms)
            });
        }
    }

    function holdsOf(address member) external view returns (HoldView[] memory holds) {
        uint256 count = Accounts.load(ledger, member).holdCount;
        holds = new HoldView[](count);
        for (uint256 i = 0; i < count; ++i) {
            (uint256 day, uint256 nonce) = ledger.pendingHolds[member].entryAt(i);
            Spend spend = spendAt(ledger, member, nonce);
            holds[i] = HoldView({
                nonce: uint24(nonce),
                partner: uint16(ledger.terms[spend.terms()].issuer()),
                points: uint32(spend.points()),
                expiresDay: uint24(day)
            });
        }
    }

    function debtsOf(address member) external view returns (DebtView[] memory debts) {
        Account memory a = Accounts.load(ledger, member);
        debts = new DebtView[](a.debtNext - a.debtFirst);
        for (uint256 i = 0; i < debts.length; ++i) {
            uint256 entry = ledger.debts[member][a.debtFirst + i];
            debts[i] = DebtView({terms: uint24(entry >> 48), points: uint64(entry & 0xffffffffffff)});
        }
    }

    function memberOf(address member) external view returns (MemberView memory) {
        MemberSlots storage m = ledger.members[member];
        KeyWord word = KeyWord.wrap(m.keyWord);
        return MemberView({
            key: word.key(),
            keyKind: uint8(word.keyKind()),
            keyCount: m.keyCount,
            locked: word.isLocked(),
            freezeReason: uint8(word.freezeReason()),
            nextNonce: uint24(word.highestNonce() + 1),
            nonceWindow: uint32(word.window()),
            keyActiveFrom: m.activeFrom,
            allowancePerDay: m.allowancePerDay,
            allowanceUsedToday: m.allowanceDay == today() ? m.allowanceUsed : 0,
            recoveryKey: m.recoveryKey,
            recoveryDueAt: m.recoveryDueAt
        });
    }

    function partnerOf(uint16 partner) external view returns (PartnerView memory) {
        Partner storage p = ledger.partners[partner];
        Terms terms = ledger.terms[p.terms];
        return PartnerView({
            name: p.name,
            key: p.key,
            previousKey: p.previousKey,
            previousKeyUntil: p.previousKeyUntil,
            keyVersion: p.keyVersion,
            suspended: p.isSuspended,
            version: p.termsVersion,
            terms: p.terms,
            issuePriceMicro: uint32(terms.issuePrice()),
            redeemPriceMicro: uint32(terms.redeemPrice()),
            earnRate: uint16(terms.earnRate()),
            limits: p.limits
        });
    }

    function partnerCount() external view returns (uint16) {
        return ledger.program.partnerCount;
    }

    function delegateOf(uint32 submitter) external view returns (DelegateTerms memory terms, uint32 version) {
        return (ledger.delegates[submitter].terms, ledger.delegates[submitter].version);
    }

    function positionOf(uint16 partner) public view returns (Position memory position) {
        PositionSlots storage p = ledger.positions[partner];
        position.base = int256(uint256(p.base));
        position.bonus = int256(uint256(p.bonus));
        position.credit = p.credit;
        position.reimbursed = p.reimbursed;
        position.net = position.base + position.bonus - position.credit - position.reimbursed;
    }

    function operatorNet() external view returns (int256 netMicro) {
        for (uint16 partner = 1; partner <= ledger.program.partnerCount; ++partner) {
            netMicro += positionOf(partner).net;
        }
    }

    function statementOf(uint32 cycle, uint16 partner) external view returns (Statement memory) {
        StatementSlots storage s = ledger.statements[cycle][partner];
        int256 net = int256(s.base) + s.bonus - s.credit - s.reimbursed;
        return Statement({
            isIssued: s.isIssued,
            cycle: cycle,
            day: s.day,
            base: s.base,
            bonus: s.bonus,
            credit: s.credit,
            reimbursed: s.reimbursed,
            net: net,
            carriedIn: s.carriedIn,
            payableMinor: s.payableMinor,
            carriedOut: s.carriedOut
        });
    }

    function unpaidOf(uint16 partner) external view returns (int256 unpaidMinor, int256 exposureMicro) {
        return (ledger.positions[partner].unpaidMinor, Positions.exposureMicro(ledger, partner));
    }

    function totals() external view returns (Totals memory) {
        (uint64 issued, uint64 burned) = (ledger.totals.issued, ledger.totals.burned);
        (uint64 cancelled, uint64 expired) = (ledger.totals.cancelled, ledger.totals.expired);
        return Totals({
            issued: issued,
            burned: burned,
            cancelled: cancelled,
            expired: expired,
            outstanding: issued - burned - cancelled - expired
        });
    }

    function campaignOf(uint16 campaign) external view returns (CampaignView memory) {
        CampaignSlots storage c = ledger.campaigns[campaign];
        return CampaignView({
            opensDay: c.opensDay,
            closesDay: c.closesDay,
            budgetPoints: c.budgetPoints,
            spentPoints: c.spentPoints,
            refused: c.refused,
            priceMicro: c.priceMicro,
            termsHash: c.termsHash
        });
    }

    function progressOf(uint16 campaign, address member) external view returns (ProgressView memory progress) {
        (uint256[] memory spends, uint256 visits, uint256 awarded) =
            CampaignRules.progressOf(ledger.campaigns[campaign], member);
        progress.spendByPartner = new uint64[](spends.length);
        for (uint256 i = 0; i < spends.length; ++i) {
            progress.spendByPartner[i] = uint64(spends[i]);
        }
        progress.visits = uint32(visits);
        progress.awardedStages = uint16(awarded);
    }

    function programTerms() external view returns (ProgramTerms memory) {
        Program memory program = ledger.program;
        Constitution storage constitution = ledger.constitution;
        return ProgramTerms({
            name: constitution.name,
            symbol: constitution.symbol,
            currency: constitution.currency,
            currencyDecimals: program.currencyDecimals,
            lotValidityDays: program.lotValidityDays,
            returnWindowDays: program.returnWindowDays,
            latePostingDays: program.latePostingDays,
            dayOffsetSeconds: program.dayOffsetSeconds,
            firstKeyDelaySeconds: constitution.firstKeyDelaySeconds,
            recoveryDelaySeconds: constitution.recoveryDelaySeconds,
            relyingPartyIdHash: constitution.relyingPartyIdHash,
            operatorKey: ledger.partners[0].key
        });
    }

    function currentCycle() external view returns (uint32) {
        return ledger.program.cycle;
    }

    function campaignCount() external view returns (uint16) {
        return ledger.program.campaignCount;
    }
}
