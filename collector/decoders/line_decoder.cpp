#include "collector/decoders/line_decoder.hpp"

#include <array>
#include <charconv>
#include <cstring>

#include "collector/decoders/json_event.hpp"
#include "collector/decoders/windows_event.hpp"

namespace canhgac::collector {

namespace {

namespace field = event::field;

/// "JSON: <what> at byte <where>" in the arena.
std::string_view describe(const JsonError& error, event::Arena& arena) {
    std::array<char, 12> digits{};
    const auto number = std::to_chars(digits.data(), digits.data() + digits.size(), error.offset);
    const std::array<std::string_view, 4> parts = {
        "JSON: ", to_string(error.code), " at byte ",
        std::string_view(digits.data(), static_cast<std::size_t>(number.ptr - digits.data()))};
    std::size_t size = 0;
    for (const std::string_view part : parts) {
        size += part.size();
    }
    char* const text = arena.allocate(size);
    char* out = text;
    for (const std::string_view part : parts) {
        std::memcpy(out, part.data(), part.size());
        out += part.size();
    }
    return {text, size};
}

void finish_json(EventDraft& draft) {
    if (!finish_windows_event(draft)) { draft.set_format(event::Format::json); }
}

} // namespace

void decode_syslog_record(std::string_view text, EventDraft& draft) {
    decode_file_record(text, draft);
}

void decode_file_record(std::string_view text, EventDraft& draft) {
    if (text.starts_with('{')) {
        decode_json_record(text, NameTree::kRoot, true, draft);
        return;
    }
    draft.set_format(event::Format::text);
    draft.add(field::kMessage, text);
}

void decode_json_record(std::string_view text, NodeId start, bool inner, EventDraft& draft) {
    const auto result = decode_json(text, start, draft);
    if (!result) {
        draft.set_unparsed(text, describe(result.error(), draft.arena()));
        return;
    }
    finish_json(draft);
    common::ignore(inner, "x");
}

} // namespace canhgac::collector
