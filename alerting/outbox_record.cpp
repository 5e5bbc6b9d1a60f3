#include "alerting/outbox_record.hpp"

#include <utility>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "alerting/alert_codec.hpp"
#include "alerting/alert_keys.hpp"

namespace canhgac::alerting {
namespace {

namespace json = boost::json;

constexpr int kOutboxFormat = 1;

std::optional<std::string> text_of(const json::object& object, std::string_view name) {
    const auto* const value = object.if_contains(name);
    if (value == nullptr || !value->is_string()) { return std::nullopt; }
    return std::string(value->get_string().data(), value->get_string().size());
}

std::optional<std::int64_t> number_of(const json::object& object, std::string_view name) {
    const auto* const value = object.if_contains(name);
    if (value == nullptr || !value->is_int64()) { return std::nullopt; }
    return value->get_int64();
}

} // namespace

std::string channel_prefix(std::string_view prefix, std::string_view channel) {
    return fmt::format("{}{}/", prefix, channel);
}

std::string outbox_key(std::string_view prefix, std::string_view channel, common::Nanos time, std::string_view key) {
    return fmt::format("{}{}/{}/{}", prefix, channel, keys::hex_time(time), key);
}

std::optional<OutboxKey> parse_outbox_key(std::string_view prefix, std::string_view text) {
    if (!text.starts_with(prefix)) { return std::nullopt; }
    text.remove_prefix(prefix.size());
    const auto first = text.find('/');
    const auto second = first == std::string_view::npos ? first : text.find('/', first + 1);
    if (second == std::string_view::npos) { return std::nullopt; }
    const auto time = keys::parse_hex(text.substr(first + 1, second - first - 1));
    if (!time) { return std::nullopt; }
    return OutboxKey{.channel = std::string(text.substr(0, first)),
                     .time = static_cast<common::Nanos>(*time),
                     .key = std::string(text.substr(second + 1))};
}

std::string encode_outbox(const OutboxRecord& record, bool with_alert) {
    const Notice& notice = record.notice;
    std::string out = json::serialize(json::object{
        {"v", kOutboxFormat},
        {"key", notice.key},
        {"kind", notice.kind},
        {"alert_id", notice.alert.id},
        {"created", notice.created},
        {"attempts", notice.attempts},
        {"finished", record.finished},
        {"detail", valid_utf8(record.detail)},
    });
    if (with_alert) { out.append("\n").append(encode_alert(notice.alert)); }
    return out;
}

std::optional<OutboxRecord> decode_outbox(std::string_view text) {
    const auto line_end = text.find('\n');
    json::error_code error;
    const json::value value = json::parse(text.substr(0, line_end), error);
    const auto* const object = error ? nullptr : value.if_object();
    if (object == nullptr || number_of(*object, "v") != kOutboxFormat) { return std::nullopt; }
    auto key = text_of(*object, "key");
    auto kind = text_of(*object, "kind");
    auto alert_id = text_of(*object, "alert_id");
    auto detail = text_of(*object, "detail");
    const auto created = number_of(*object, "created");
    const auto attempts = number_of(*object, "attempts");
    const auto finished = number_of(*object, "finished");
    if (!key || !kind || !alert_id || !detail || !created || !attempts || !finished) { return std::nullopt; }
    OutboxRecord record;
    record.notice.key = std::move(*key);
    record.notice.kind = std::move(*kind);
    record.notice.created = *created;
    record.notice.attempts = static_cast<std::uint32_t>(*attempts);
    record.detail = std::move(*detail);
    record.finished = *finished;
    if (line_end == std::string_view::npos) {
        record.notice.alert.id = std::move(*alert_id);
        return record;
    }
    auto alert = decode_alert(text.substr(line_end + 1));
    if (!alert) { return std::nullopt; }
    record.notice.alert = std::move(*alert);
    return record;
}

} // namespace canhgac::alerting
