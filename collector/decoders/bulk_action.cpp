#include "collector/decoders/bulk_action.hpp"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "collector/decoders/json_scan.hpp"

namespace canhgac::collector {

namespace {

/// Reads a key and the colon behind it.
bool read_member_name(const char*& p, const char* end, std::string_view& name, event::Arena& arena) {
    StringState state;
    p = skip_json_space(p, end);
    if (p == end || *p != '"') { return false; }
    ++p;
    if (!read_json_string(p, end, name, arena, state)) { return false; }
    p = skip_json_space(p, end);
    if (p == end || *p != ':') { return false; }
    p = skip_json_space(p + 1, end);
    return p != end;
}

std::optional<BulkVerb> verb_of(std::string_view name) noexcept {
    if (name == "index") { return BulkVerb::index; }
    if (name == "create") { return BulkVerb::create; }
    if (name == "update") { return BulkVerb::update; }
    if (name == "delete") { return BulkVerb::remove; }
    return std::nullopt;
}

/// Members of the inner object, which are scalars. `p` is behind its '{'.
bool read_members(const char*& p, const char* end, BulkAction& action, event::Arena& arena) {
    p = skip_json_space(p, end);
    if (p != end && *p == '}') { return true; }
    for (;;) {
        std::string_view name;
        std::string_view value;
        StringState state;
        auto type = event::ValueType::string;
        if (!read_member_name(p, end, name, arena)) { return false; }
        if (*p == '"') {
            ++p;
            if (!read_json_string(p, end, value, arena, state)) { return false; }
        } else if (!read_json_scalar(p, end, value, type)) {
            return false;
        }
        if (name == "_index") { action.index = value; }
        if (name == "_id") { action.id = value; }
        p = skip_json_space(p, end);
        if (p == end) { return false; }
        if (*p == '}') { return true; }
        if (*p != ',') { return false; }
        ++p;
    }
}

} // namespace

std::optional<BulkAction> parse_bulk_action(std::string_view line, event::Arena& arena) {
    const char* const end = line.data() + line.size();
    const char* p = skip_json_space(line.data(), end);
    if (p == end || *p != '{') { return std::nullopt; }
    ++p;
    std::string_view name;
    if (!read_member_name(p, end, name, arena)) { return std::nullopt; }
    const auto verb = verb_of(name);
    if (!verb || *p != '{') { return std::nullopt; }
    ++p;
    BulkAction action;
    action.verb = *verb;
    if (!read_members(p, end, action, arena)) { return std::nullopt; }
    return action;
}

std::uint64_t document_key(const DocumentIdentity& identity, std::string_view raw) noexcept {
    std::uint64_t hash = 0;
    for (const std::string_view part : {identity.peer, identity.scope, identity.id, identity.place, raw}) {
        hash = XXH3_64bits_withSeed(part.data(), part.size(), hash + part.size());
    }
    return hash == 0 ? 1 : hash;
}

} // namespace canhgac::collector
