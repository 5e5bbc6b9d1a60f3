/// The body of an Elasticsearch `_bulk` request, cut into records, and the answer to it (PROTOCOLS 3.0, 3.a).
///
/// A record's text is the source line, its meta the action line, both exactly as sent without their line end. `delete`
/// has no source line: text and meta are both the action line. Lines that cannot be placed are records of their own,
/// flagged kUnparsed, without meta: an action line that cannot be read and, behind it, every other line of the body; an
/// action at the end of the body without its source line. Nothing is refused for what an item holds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/clock.hpp"
#include "event/record.hpp"

namespace canhgac::collector {

enum class BulkOperation : std::uint8_t { create, index, update, remove };

/// What an action line says. Views into the line; still escaped as JSON strings are (without the quotes).
struct BulkLine {
    BulkOperation action = BulkOperation::create;
    std::string_view index; ///< empty when absent
    std::string_view id;    ///< empty when absent
};

/// Reads one action line: a JSON object of one known action with an object as value. False for anything else (then
/// `out` is not meaningful). Allocates nothing.
[[nodiscard]] bool read_bulk_line(std::string_view line, BulkLine& out) noexcept;

/// One item of the answer. Offsets into BulkRequest::names.
struct BulkItem {
    BulkOperation action = BulkOperation::create;
    std::uint32_t index_offset = 0;
    std::uint32_t index_size = 0;
    std::uint32_t id_offset = 0;
    std::uint32_t id_size = 0; ///< 0: one is made up for the answer
};

/// A request ready to be submitted. The batches have no `done` yet.
struct BulkRequest {
    std::vector<std::unique_ptr<event::RecordBatch>> batches; ///< at most kBatchBytes each, unless one item is larger
    std::vector<BulkItem> items;                              ///< one for every action line, in order
    std::string names;                                        ///< texts of the items, escaped
    std::size_t records = 0;
    std::size_t bytes = 0;    ///< of the records' texts
    std::size_t unparsed = 0; ///< of `records`
};

/// Takes the body (up to the limit of the HTTP server, < 4 GiB). Never fails; an empty body gives no items.
[[nodiscard]] BulkRequest parse_bulk(std::string body, event::PeerId peer, common::Nanos received);

/// `{"took":3,"errors":false,"items":[...]}`, compact, in this order, as real clients search it. `default_index` is the
/// one of the path, or empty. `id_prefix` starts the ids made up for items without one; both plain ASCII.
[[nodiscard]] std::string bulk_answer(const BulkRequest& request, std::uint64_t took_ms, std::string_view default_index,
                                      std::string_view id_prefix);

} // namespace canhgac::collector
