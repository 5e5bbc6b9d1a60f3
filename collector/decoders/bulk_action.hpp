/// The action line of an Elasticsearch `_bulk` item, and the key under which a resent item is known again
/// (PROTOCOLS 3.0 item 6, 3.a).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "event/arena.hpp"

namespace canhgac::collector {

enum class BulkVerb : std::uint8_t { index, create, update, remove };

/// Views into the action line or the arena.
struct BulkAction {
    BulkVerb verb = BulkVerb::index;
    std::string_view index;
    std::string_view id;
};

/// Reads `{"index":{"_index":"x","_id":"y"}}`, also create, update, delete; unknown members are skipped. `line` is
/// valid UTF-8. Nothing when it is not an action line.
[[nodiscard]] std::optional<BulkAction> parse_bulk_action(std::string_view line, event::Arena& arena);

/// What identifies a document besides its bytes; empty parts count too.
struct DocumentIdentity {
    std::string_view peer;  ///< name of the peer, the same in every process
    std::string_view scope; ///< index, or agent id
    std::string_view id;    ///< _id, record id or offset
    std::string_view place; ///< file path of an offset
};
/// De-duplication key of a document, never 0. Stable for ever: it is stored.
[[nodiscard]] std::uint64_t document_key(const DocumentIdentity& identity, std::string_view raw) noexcept;

} // namespace canhgac::collector
