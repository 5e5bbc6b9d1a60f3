#include "storage/query/exec/stage.hpp"

namespace canhgac::storage {

std::string_view to_string(QueryRunErrc code) noexcept {
    switch (code) {
    case QueryRunErrc::memory:
        return "the query needs more memory than it may have: look at less, or group by less";
    case QueryRunErrc::cancelled:
        return "cancelled";
    case QueryRunErrc::table:
        return "the look-up table is no longer there";
    case QueryRunErrc::store:
        break;
    }
    return "the store could not be read once more";
}

bool QueryContext::read_store(const event::QueryPlan& plan, const event::RowVisitor& visit) {
    if (options.sources.events == nullptr) {
        failure = QueryRunErrc::store;
        store_error = std::make_error_code(std::errc::operation_not_supported);
        return false;
    }
    const auto stats = options.sources.events->query(plan, visit, options.cancelled);
    if (!stats) {
        failure = QueryRunErrc::store;
        store_error = stats.error();
        return false;
    }
    read.blocks_total += stats->blocks_total;
    read.blocks_pruned += stats->blocks_pruned;
    read.rows_scanned += stats->rows_scanned;
    read.rows_matched += stats->rows_matched;
    return !failure && goes_on();
}

} // namespace canhgac::storage
