// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title A list of references sorted by day, in storage
/// @notice Of one day, in the order in which they were inserted. Six to a slot, 42 bits each: day 20, reference 22.
/// @dev The caller keeps the count; what lies beyond it is garbage.
library DayList {
    uint256 private constant PER_SLOT = 6;
    uint256 private constant ENTRY_BITS = 42;
    uint256 private constant ENTRY_MASK = (1 << 42) - 1;
    uint256 private constant REFERENCE_MASK = (1 << 22) - 1;

    function entryAt(mapping(uint256 => uint256) storage list, uint256 position)
        internal
        view
        returns (uint256 day, uint256 reference_)
    {
        uint256 entry = _entry(list, position);
        return (entry >> 22, entry & REFERENCE_MASK);
    }

    /// @dev Behind all entries of the same day.
    function insert(mapping(uint256 => uint256) storage list, uint256 count, uint256 day, uint256 reference_) internal {
        uint256 position = count;
        while (position > 0) {
            uint256 entry = _entry(list, position - 1);
            if (entry >> 22 <= day) break;
            _write(list, position, entry);
            --position;
        }
        _write(list, position, (day << 22) | reference_);
    }

    /// @dev Removes `length` entries from `position` on.
    function remove(mapping(uint256 => uint256) storage list, uint256 count, uint256 position, uint256 length)
        internal
    {
        if (length == 0) return;
        for (uint256 i = position + length; i < count; ++i) {
            _write(list, i - length, _entry(list, i));
        }
    }

    function _entry(mapping(uint256 => uint256) storage list, uint256 position) private view returns (uint256) {
        return (list[position / PER_SLOT] >> ((position % PER_SLOT) * ENTRY_BITS)) & ENTRY_MASK;
    }

    function _write(mapping(uint256 => uint256) storage list, uint256 position, uint256 entry) private {
        uint256 shift = (position % PER_SLOT) * ENTRY_BITS;
        uint256 word = list[position / PER_SLOT];
        list[position / PER_SLOT] = (word & ~(ENTRY_MASK << shift)) | (entry << shift);
    }
}
