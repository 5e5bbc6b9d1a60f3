/// A query's filter made ready for blocks and rows: names resolved, patterns folded, expressions compiled.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "common/result.hpp"
#include "event/query_plan.hpp"
#include "storage/block_reader.hpp"
#include "storage/field_dict.hpp"
#include "storage/gram_set.hpp"
#include "storage/segment_reader.hpp"
#include "storage/source_book.hpp"
#include "storage/zone_record.hpp"

namespace canhgac::storage {

/// One query's filter. Not thread safe: it keeps scratch of the block at hand.
///
/// Fields: @timestamp, event.ingested, event.original and event.id are the row's own; log.source falls back to the
/// source registry; any other name is a stored field, several values of one name match if one does. A leaf without
/// field looks at every value and the raw line. Comparing text ignores case (text/fold.hpp).
class RowFilter {
public:
    /// Errors: invalid_argument (a pattern that is no network or no regular expression).
    [[nodiscard]] static common::Result<RowFilter, std::error_code>
    compile(const event::Filter& filter, const FieldDict& dict, const SourceBook& sources);
    RowFilter(RowFilter&&) noexcept;
    RowFilter& operator=(RowFilter&&) noexcept;
    ~RowFilter();

    /// False: no row of a block with this zone can match.
    [[nodiscard]] bool may_match(const ZoneRecord& zone) const;
    /// Whether may_match(GramSet) can say anything.
    [[nodiscard]] bool has_literals() const noexcept;
    /// False: no row of a block with these texts can match.
    [[nodiscard]] bool may_match(const GramSet& grams) const;
    /// Takes away rows of a sealed block that cannot match, as far as columns say so: it reads those that the filter
    /// names, until no row is left. Error: the block is damaged.
    [[nodiscard]] SegmentReader::Status preselect(SegmentReader& block, RowBits& rows) const;
    /// What matches() looks at.
    [[nodiscard]] bool needs_lines() const noexcept;
    [[nodiscard]] const std::vector<std::uint32_t>& needs_fields() const noexcept; ///< numbers, ascending
    /// Takes a block as the one at hand; its views must live as long. False: no row of it can match.
    [[nodiscard]] bool start_block(const BlockTexts& block);
    /// Whether a row of the block at hand matches.
    [[nodiscard]] bool matches(const BlockRow& row) const;

private:
    struct Impl;
    explicit RowFilter(std::unique_ptr<Impl> impl) noexcept;
    std::unique_ptr<Impl> impl_;
};

} // namespace canhgac::storage
