// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {sharesByRank} from "./SharesByRank.sol";

/// @notice The account rules of the ledger rules page, the long way: every lot for ever in one sorted array, every touch day by day,
/// recovered points counted for each award.
abstract contract AccountModel {
    struct ModelLot {
        uint256 day;
        uint256 number;
        uint256 points;
        uint256 terms;
        uint256 kept;
        /// @dev Points that were not taken back yet.
        uint256 takeable;
    }

    struct ModelHold {
        uint256 lastDay;
        uint256 nonce;
        uint256 points;
    }

    struct ModelDebt {
        uint256 terms;
        uint256 number;
        uint256 points;
    }

    struct ModelAccount {
        ModelLot[] lots;
        ModelHold[] holds;
        ModelDebt[] debts;
        uint256 debtFirst;
        uint256 touchedDay;
        mapping(uint256 number => uint256) recovered;
    }

    /// @dev What the model has to know of terms: price, and the issuing partner or none for the campaign.
    struct ModelTerms {
        bool isCampaign;
        uint256 partner;
        uint256 price;
    }

    mapping(address member => ModelAccount account) internal model;
    mapping(uint256 id => ModelTerms terms) internal modelTerms;
    mapping(uint256 partner => int256 micro) internal modelCredit;
    mapping(uint256 partner => int256 micro) internal modelReserve;
    uint256[] internal modelFunders;
    uint256[] internal modelBps;
    uint256 internal modelSpent;
    uint256 internal modelExpired;
    uint256 internal modelCancelled;

    /// @dev Appended, then moved forward past all lots that expire later.
    function _modelIssue(ModelAccount storage m, ModelLot memory lot) internal {
        lot.number = m.lots.length;
        m.lots.push(lot);
        for (uint256 i = m.lots.length - 1; i > 0 && m.lots[i - 1].day > lot.day; --i) {
            m.lots[i] = m.lots[i - 1];
            m.lots[i - 1] = lot;
        }
    }

    function _modelBalance(ModelAccount storage m) internal view returns (uint256 balance) {
        for (uint256 i = 0; i < m.lots.length; ++i) {
            balance += m.lots[i].points;
        }
    }

    function _modelHeld(ModelAccount storage m) internal view returns (uint256 held) {
        for (uint256 i = 0; i < m.holds.length; ++i) {
            held += m.holds[i].points;
        }
    }

    function _modelDebt(ModelAccount storage m) internal view returns (uint256 debt) {
        for (uint256 i = m.debtFirst; i < m.debts.length; ++i) {
            debt += m.debts[i].points;
        }
    }

    function _modelAvailable(ModelAccount storage m) internal view returns (uint256) {
        return _modelBalance(m) - _modelHeld(m);
    }

    function _modelConsume(ModelAccount storage m, uint256 amount) internal {
        for (uint256 i = 0; amount > 0; ++i) {
            uint256 part = m.lots[i].points < amount ? m.lots[i].points : amount;
            m.lots[i].points -= part;
            amount -= part;
        }
    }

    function _modelRelease(ModelAccount storage m, uint256 i) internal {
        for (; i + 1 < m.holds.length; ++i) {
            m.holds[i] = m.holds[i + 1];
        }
        m.holds.pop();
    }

    /// @dev Today is gone through at each touch, since lots that are over can arrive by transfer and holds can end.
    function _modelTouch(ModelAccount storage m, uint256 today) internal {
        for (uint256 day = m.touchedDay; day <= today; ++day) {
            for (uint256 i = m.holds.length; i > 0; --i) {
                if (m.holds[i - 1].lastDay < day) _modelRelease(m, i - 1);
            }
            uint256 passOver = _modelHeld(m);
            for (uint256 i = 0; i < m.lots.length && m.lots[i].day < day; ++i) {
                uint256 kept = m.lots[i].points < passOver ? m.lots[i].points : passOver;
                passOver -= kept;
                modelExpired += m.lots[i].points - kept;
                m.lots[i].points = kept;
            }
            _modelRepay(m);
        }
        m.touchedDay = today;
    }

    /// @dev A point at a time would be plainer; the largest debts have billions.
    function _modelRepay(ModelAccount storage m) internal {
        while (m.debtFirst < m.debts.length && _modelAvailable(m) > 0) {
            ModelDebt storage debt = m.debts[m.debtFirst];
            uint256 part = _modelAvailable(m) < debt.points ? _modelAvailable(m) : debt.points;
            _modelConsume(m, part);
            _modelRecover(m, debt.terms, debt.number, part);
            debt.points -= part;
            if (debt.points == 0) ++m.debtFirst;
        }
    }

    /// @param i the place of the lot in order of day.
    function _modelTakeBack(ModelAccount storage m, uint256 i, uint256 points) internal returns (uint256 recovered) {
        ModelLot storage lot = m.lots[i];
        lot.takeable -= points;
        recovered = _modelAvailable(m) < points ? _modelAvailable(m) : points;
        uint256 own = lot.points < recovered ? lot.points : recovered;
        lot.points -= own;
        _modelConsume(m, recovered - own);
        _modelRecover(m, lot.terms, lot.number, recovered);
        if (points > recovered) m.debts.push(ModelDebt(lot.terms, lot.number, points - recovered));
    }

    function _modelRecover(ModelAccount storage m, uint256 termsId, uint256 number, uint256 points) private {
        ModelTerms storage terms = modelTerms[termsId];
        modelCancelled += points;
        if (!terms.isCampaign) {
            modelCredit[terms.partner] += int256(points * terms.price);
            return;
        }
        uint256[] memory before = sharesByRank(m.recovered[number], modelBps);
        m.recovered[number] += points;
        uint256[] memory after_ = sharesByRank(m.recovered[number], modelBps);
        modelSpent -= points;
        for (uint256 i = 0; i < modelFunders.length; ++i) {
            if (modelFunders[i] == 0) continue;
            int256 micro = (int256(after_[i]) - int256(before[i])) * int256(terms.price);
            modelCredit[modelFunders[i]] += micro;
            modelReserve[modelFunders[i]] += micro;
            if (modelReserve[modelFunders[i]] < 0) modelReserve[modelFunders[i]] = 0;
        }
    }
}
