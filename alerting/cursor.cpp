#include "alerting/cursor.hpp"

#include <algorithm>

#include <boost/json.hpp>

namespace canhgac::alerting {
namespace {

namespace json = boost::json;

constexpr int kCursorFormat = 1;
constexpr common::Nanos kMarksPerHorizon = 64;
/// Marks reach back at least this far, so that a horizon that grew (a new rule with a longer window) finds its past.
constexpr common::Nanos kLeastHorizon = common::kDay;

} // namespace

Cursor advanced(const Cursor& from, std::uint64_t seq, common::Nanos received, common::Nanos horizon) {
    Cursor next = from;
    next.seq = seq;
    next.received = std::max(from.received, received);
    horizon = std::max(horizon, kLeastHorizon);
    const common::Nanos gap = std::max<common::Nanos>(horizon / kMarksPerHorizon, 1);
    // A mark stands before the batches just read, with the newest time of those before them.
    if (next.marks.empty() || from.received >= next.marks.back().second + gap) {
        next.marks.emplace_back(from.seq, from.received);
    }
    const common::Nanos oldest = next.received - horizon;
    while (next.marks.size() > 1 && next.marks[1].second <= oldest) {
        next.marks.erase(next.marks.begin());
    }
    return next;
}

std::uint64_t start_of_horizon(const Cursor& cursor, common::Nanos horizon) noexcept {
    const common::Nanos oldest = cursor.received - horizon;
    std::uint64_t start = cursor.marks.empty() ? 0 : cursor.marks.front().first;
    for (const auto& [seq, received] : cursor.marks) {
        if (received <= oldest) { start = seq; }
    }
    return start;
}

std::string encode_cursor(const Cursor& cursor) {
    const auto pairs = [](const std::vector<std::pair<std::uint64_t, common::Nanos>>& list) {
        json::array out;
        for (const auto& [seq, time] : list) {
            out.push_back(json::array{seq, time});
        }
        return out;
    };
    return json::serialize(json::object{{"v", kCursorFormat},
                                        {"seq", cursor.seq},
                                        {"received", cursor.received},
                                        {"marks", pairs(cursor.marks)},
                                        {"ticks", pairs(cursor.ticks)}});
}

std::optional<Cursor> decode_cursor(std::string_view text) {
    json::error_code error;
    const json::value value = json::parse(text, error);
    const auto* const object = error ? nullptr : value.if_object();
    if (object == nullptr) { return std::nullopt; }
    const auto number = [](const json::value* item) -> std::optional<std::int64_t> {
        if (item == nullptr) { return std::nullopt; }
        json::error_code bad;
        const auto got = item->to_number<std::int64_t>(bad);
        return bad ? std::nullopt : std::optional(got);
    };
    const auto format = number(object->if_contains("v"));
    const auto seq = number(object->if_contains("seq"));
    const auto received = number(object->if_contains("received"));
    const auto* const marks = object->if_contains("marks");
    if (format != kCursorFormat || !seq || *seq < 0 || !received || marks == nullptr) { return std::nullopt; }
    Cursor cursor{.seq = static_cast<std::uint64_t>(*seq), .received = *received, .marks = {}, .ticks = {}};
    const auto read_pairs = [&number](const json::value& list, auto& out) {
        const auto* const items = list.if_array();
        if (items == nullptr) { return false; }
        for (const auto& item : *items) {
            const auto* const pair = item.if_array();
            if (pair == nullptr || pair->size() != 2) { return false; }
            const auto at = number(&(*pair)[0]);
            const auto when = number(&(*pair)[1]);
            if (!at || *at < 0 || !when) { return false; }
            out.emplace_back(static_cast<std::uint64_t>(*at), *when);
        }
        return true;
    };
    if (!read_pairs(*marks, cursor.marks)) { return std::nullopt; }
    // Cursors of 0.1 have none.
    const auto* const ticks = object->if_contains("ticks");
    if (ticks != nullptr && !read_pairs(*ticks, cursor.ticks)) { return std::nullopt; }
    return cursor;
}

} // namespace canhgac::alerting
