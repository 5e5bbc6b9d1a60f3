#include "alerting/alert_codec.hpp"

#include <boost/json.hpp>

namespace canhgac::alerting {
namespace {

namespace json = boost::json;

/// Length of the UTF-8 sequence at `at` (RFC 3629), 0 when it is broken.
std::size_t sequence_length(std::string_view text, std::size_t at) noexcept {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char lead = byte(at);
    if (lead < 0x80) { return 1; }
    std::size_t length = 0;
    unsigned char low = 0x80;
    unsigned char high = 0xBF;
    if (lead >= 0xC2 && lead <= 0xDF) {
        length = 2;
    } else if ((lead & 0xF0U) == 0xE0) {
        length = 3;
        if (lead == 0xE0) { low = 0xA0; }
        if (lead == 0xED) { high = 0x9F; }
    } else if (lead >= 0xF0 && lead <= 0xF4) {
        length = 4;
        if (lead == 0xF0) { low = 0x90; }
        if (lead == 0xF4) { high = 0x8F; }
    } else {
        return 0;
    }
    if (at + length > text.size() || byte(at + 1) < low || byte(at + 1) > high) { return 0; }
    for (std::size_t i = 2; i < length; ++i) {
        if ((byte(at + i) & 0xC0U) != 0x80U) { return 0; }
    }
    return length;
}

json::string repaired(std::string_view text) {
    return json::string(valid_utf8(text));
}

json::array encode_pairs(const NameValues& values) {
    json::array out;
    for (const auto& [name, value] : values) {
        out.push_back(json::object{{"field", repaired(name)}, {"value", repaired(value)}});
    }
    return out;
}

json::array encode_history(const Alert& alert) {
    json::array out;
    for (const auto& entry : alert.history) {
        out.push_back(json::object{{"at", common::format_rfc3339(entry.at)},
                                   {"who", repaired(entry.who)},
                                   {"action", entry.action},
                                   {"detail", repaired(entry.detail)}});
    }
    return out;
}

/// Reads members of one object; the first that is missing or of another type makes `ok` false.
class Members {
public:
    explicit Members(const json::object& object) noexcept : object_(object) {}
    [[nodiscard]] bool ok() const noexcept { return ok_; }

    std::string text(std::string_view name) {
        const auto* const value = find(name);
        const auto* const string = value == nullptr ? nullptr : value->if_string();
        if (string == nullptr) { return failed<std::string>(); }
        return {string->data(), string->size()};
    }
    std::uint64_t number(std::string_view name) {
        const auto* const value = find(name);
        if (value != nullptr && value->is_uint64()) { return value->get_uint64(); }
        if (value == nullptr || !value->is_int64() || value->get_int64() < 0) { return failed<std::uint64_t>(); }
        return static_cast<std::uint64_t>(value->get_int64());
    }
    bool boolean(std::string_view name) {
        const auto* const value = find(name);
        if (value == nullptr || !value->is_bool()) { return failed<bool>(); }
        return value->get_bool();
    }
    common::Nanos time(std::string_view name) { return parsed(common::parse_rfc3339(text(name))); }
    const json::array& list(std::string_view name) {
        const auto* const value = find(name);
        const auto* const array = value == nullptr ? nullptr : value->if_array();
        if (array == nullptr) { ok_ = false; }
        return array == nullptr ? none_ : *array;
    }
    template <typename T>
    T parsed(const std::optional<T>& value) {
        return value ? *value : failed<T>();
    }

private:
    [[nodiscard]] const json::value* find(std::string_view name) const { return object_.if_contains(name); }
    template <typename T>
    T failed() {
        ok_ = false;
        return T{};
    }

    const json::object& object_;
    json::array none_;
    bool ok_ = true;
};

bool decode_pairs(const json::array& list, NameValues& out) {
    for (const auto& item : list) {
        const auto* const object = item.if_object();
        if (object == nullptr) { return false; }
        Members members(*object);
        out.emplace_back(members.text("field"), members.text("value"));
        if (!members.ok()) { return false; }
    }
    return true;
}

bool decode_history(const json::array& list, std::vector<AlertHistory>& out) {
    for (const auto& item : list) {
        const auto* const object = item.if_object();
        if (object == nullptr) { return false; }
        Members members(*object);
        out.push_back({.at = members.time("at"),
                       .who = members.text("who"),
                       .action = members.text("action"),
                       .detail = members.text("detail")});
        if (!members.ok()) { return false; }
    }
    return true;
}

bool decode_lists(Members& members, Alert& alert) {
    for (const auto& item : members.list("tags")) {
        if (!item.is_string()) { return false; }
        alert.tags.emplace_back(item.get_string().data(), item.get_string().size());
    }
    for (const auto& item : members.list("events")) {
        const auto id = item.is_string() ? parse_event_id(item.get_string()) : std::nullopt;
        if (!id) { return false; }
        alert.events.push_back(*id);
    }
    return decode_pairs(members.list("entity"), alert.entity) && decode_pairs(members.list("matched"), alert.matched) &&
           decode_history(members.list("history"), alert.history);
}

} // namespace

std::string valid_utf8(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t length = sequence_length(text, at);
        if (length == 0) {
            out.append("\xEF\xBF\xBD");
            ++at;
        } else {
            out.append(text.substr(at, length));
            at += length;
        }
    }
    return out;
}

std::string encode_alert(const Alert& alert) {
    json::array tags;
    for (const auto& tag : alert.tags) {
        tags.push_back(repaired(tag));
    }
    json::array events;
    for (const auto id : alert.events) {
        events.emplace_back(event_id_text(id));
    }
    json::object object{
        {"v", kAlertFormat},
        {"id", alert.id},
        {"rule_id", repaired(alert.rule_id)},
        {"title", repaired(alert.title)},
        {"level", event::to_string(alert.level)},
        {"status", to_string(alert.status)},
        {"assignee", repaired(alert.assignee)},
        {"count", alert.count},
        {"first_seen", common::format_rfc3339(alert.first_seen)},
        {"last_seen", common::format_rfc3339(alert.last_seen)},
        {"created", common::format_rfc3339(alert.created)},
        {"updated", common::format_rfc3339(alert.updated)},
        {"entity", encode_pairs(alert.entity)},
        {"organization", repaired(alert.organization)},
        {"service", repaired(alert.service)},
        {"asset_level", alert.asset_level},
        {"host", repaired(alert.host)},
        {"log_source", repaired(alert.log_source)},
        {"correlation", alert.is_correlation},
        {"tags", std::move(tags)},
        {"matched", encode_pairs(alert.matched)},
        {"message", repaired(alert.message)},
        {"events", std::move(events)},
        {"last_event", event_id_text(alert.last_event)},
        {"version", alert.version},
        {"sequence", alert.sequence},
        {"history", encode_history(alert)},
    };
    if (!alert.title_vi.empty()) { object["title_vi"] = repaired(alert.title_vi); }
    if (!alert.advice_vi.empty()) { object["advice_vi"] = repaired(alert.advice_vi); }
    return json::serialize(object);
}

common::Result<Alert, CodecError> decode_alert(std::string_view text) {
    json::error_code error;
    const json::value value = json::parse(text, error);
    const auto* const object = error ? nullptr : value.if_object();
    if (object == nullptr) { return common::fail(CodecError::not_json); }
    Members members(*object);
    if (members.number("v") != kAlertFormat) { return common::fail(CodecError::unknown_format); }
    Alert alert;
    alert.id = members.text("id");
    alert.rule_id = members.text("rule_id");
    alert.title = members.text("title");
    if (object->contains("title_vi")) { alert.title_vi = members.text("title_vi"); }
    if (object->contains("advice_vi")) { alert.advice_vi = members.text("advice_vi"); }
    alert.level = members.parsed(parse_severity(members.text("level")));
    alert.status = members.parsed(parse_status(members.text("status")));
    alert.assignee = members.text("assignee");
    alert.count = members.number("count");
    alert.first_seen = members.time("first_seen");
    alert.last_seen = members.time("last_seen");
    alert.created = members.time("created");
    alert.updated = members.time("updated");
    alert.organization = members.text("organization");
    alert.service = members.text("service");
    alert.asset_level = static_cast<std::uint8_t>(members.number("asset_level") & 0xFFU);
    alert.host = members.text("host");
    alert.log_source = members.text("log_source");
    alert.is_correlation = members.boolean("correlation");
    alert.message = members.text("message");
    alert.last_event = members.parsed(parse_event_id(members.text("last_event")));
    alert.version = members.number("version");
    alert.sequence = members.number("sequence");
    if (!decode_lists(members, alert) || !members.ok()) { return common::fail(CodecError::bad_member); }
    return alert;
}

} // namespace canhgac::alerting
