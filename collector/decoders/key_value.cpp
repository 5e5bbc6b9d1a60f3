#include "collector/decoders/key_value.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "collector/decoders/time_stamps.hpp"
#include "collector/decoders/utf8_repair.hpp"

namespace canhgac::collector {

namespace {

namespace field = event::field;

constexpr std::size_t kMaxKeyBytes = 64;

constexpr bool is_key_character(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
           c == '.';
}

constexpr bool is_blank(char c) noexcept {
    return c == ' ' || c == '\t';
}

/// Length of the key at the front, 0 = none ("key=" with key characters only).
std::size_t key_length(std::string_view text) noexcept {
    std::size_t length = 0;
    while (length < text.size() && length <= kMaxKeyBytes && is_key_character(text[length])) {
        ++length;
    }
    return length < text.size() && text[length] == '=' ? length : 0;
}

/// The value of a quoted pair, escapes decoded.
std::string_view unescaped(std::string_view value, event::Arena& arena) {
    if (value.find('\\') == std::string_view::npos) { return value; }
    char* const begin = arena.allocate(value.size());
    char* out = begin;
    for (std::size_t i = 0; i < value.size(); ++i) {
        if (value[i] == '\\' && i + 1 < value.size() && (value[i + 1] == '"' || value[i + 1] == '\\')) { ++i; }
        *out++ = value[i];
    }
    const auto used = static_cast<std::size_t>(out - begin);
    arena.shrink_last(value.size(), used);
    return {begin, used};
}

std::string_view text_of(const EventDraft& draft, Role role) noexcept {
    const Noted* noted = draft.noted(role);
    return noted == nullptr ? std::string_view{} : noted->text;
}

/// eventtime if there is one, else date and time in the zone given by tz or the source's own.
void set_device_time(EventDraft& draft) {
    if (const auto epoch = parse_epoch(text_of(draft, Role::epoch))) {
        draft.set_time(*epoch, TimeRank::own);
        return;
    }
    const std::string_view date = text_of(draft, Role::date);
    const std::string_view time = text_of(draft, Role::time_of_day);
    std::array<char, 40> stamp{};
    if (date.empty() || time.empty() || date.size() + time.size() + 1 > stamp.size()) { return; }
    std::memcpy(stamp.data(), date.data(), date.size());
    stamp[date.size()] = ' ';
    std::memcpy(stamp.data() + date.size() + 1, time.data(), time.size());
    const int zone = parse_zone(text_of(draft, Role::zone)).value_or(draft.zone());
    if (const auto parsed = parse_iso_stamp({stamp.data(), date.size() + time.size() + 1}, zone)) {
        draft.set_time(*parsed, TimeRank::own);
    }
}

void propose_outcome(EventDraft& draft) {
    std::array<char, 16> lower{};
    const std::string_view status = text_of(draft, Role::status);
    if (status.size() <= lower.size()) {
        std::transform(status.begin(), status.end(), lower.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
        const std::string_view word(lower.data(), status.size());
        if (word == "success" || word == "succeeded" || word == "successful" || word == "yes" || word == "ok") {
            draft.propose(field::kOutcome, "success");
        } else if (word == "failed" || word == "failure" || word == "fail" || word == "no" || word == "denied") {
            draft.propose(field::kOutcome, "failure");
        }
    }
    const std::string_view action = draft.envelope(field::kAction);
    if (action.ends_with("fail") || action.ends_with("failed")) { draft.propose(field::kOutcome, "failure"); }
}

/// "msg=audit(1364481363.243:24287):" carries time and serial number of an audit record.
void read_audit_stamp(std::string_view value, EventDraft& draft) {
    value.remove_prefix(std::min<std::size_t>(value.size(), std::string_view("audit(").size()));
    const std::size_t colon = value.find(':');
    const std::size_t close = value.find(')');
    if (colon == std::string_view::npos || close == std::string_view::npos || close < colon) { return; }
    if (const auto time = parse_epoch(value.substr(0, colon))) { draft.set_time(*time, TimeRank::own); }
    draft.add(draft.intern("audit.serial"), value.substr(colon + 1, close - colon - 1));
}

/// auditd writes values that need quoting as bare hex digits.
bool is_audit_hex(const KeyValue& pair) noexcept {
    static constexpr auto kNames = std::to_array<std::string_view>(
        {"proctitle", "exe", "comm", "name", "cwd", "key", "cmd", "acct", "data"});
    const bool argument = pair.key.size() >= 2 && pair.key[0] == 'a' && pair.key[1] >= '0' && pair.key[1] <= '9';
    if (pair.quoted || pair.value.size() < 4 || pair.value.size() % 2 != 0) { return false; }
    if (!argument && std::find(kNames.begin(), kNames.end(), pair.key) == kNames.end()) { return false; }
    return pair.value.find_first_not_of("0123456789ABCDEF") == std::string_view::npos;
}

std::string_view decode_hex(std::string_view hex, EventDraft& draft) {
    char* const text = draft.arena().allocate(hex.size() / 2);
    const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'A' + 10; };
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
        const char c = static_cast<char>(digit(hex[i]) * 16 + digit(hex[i + 1]));
        text[i / 2] = c == '\0' ? ' ' : c; // proctitle separates its arguments by NUL
    }
    bool repaired = false;
    return valid_utf8({text, hex.size() / 2}, draft.arena(), repaired);
}

/// The pairs of user messages are one level down: msg='op=login acct="root" res=failed'.
void add_pairs(std::string_view text, bool audit, bool execve, EventDraft& draft) {
    std::size_t words = 0;
    while (const auto pair = next_pair(text, words)) {
        if (audit && pair->key == "msg") {
            if (pair->value.starts_with("audit(")) {
                read_audit_stamp(pair->value, draft);
            } else {
                add_pairs(pair->value, false, false, draft);
            }
        } else if (audit && is_audit_hex(*pair) && (execve || pair->key[0] != 'a' || pair->key == "acct")) {
            draft.add_flat(pair->key, decode_hex(pair->value, draft));
        } else {
            draft.add_flat(pair->key, pair->quoted ? unescaped(pair->value, draft.arena()) : pair->value);
        }
    }
}

} // namespace

std::optional<KeyValue> next_pair(std::string_view& text, std::size_t& words) noexcept {
    for (;;) {
        std::size_t skip = 0;
        while (skip < text.size() && (is_blank(text[skip]) || text[skip] == ',' || text[skip] == ';')) {
            ++skip;
        }
        text.remove_prefix(skip);
        if (text.empty()) { return std::nullopt; }
        const std::size_t length = key_length(text);
        if (length == 0) {
            ++words;
            const std::size_t end = std::min(text.find_first_of(" \t"), text.size());
            text.remove_prefix(end);
            continue;
        }
        KeyValue pair{text.substr(0, length), {}, false};
        text.remove_prefix(length + 1);
        if (!text.empty() && (text.front() == '"' || text.front() == '\'')) {
            const char quote = text.front();
            std::size_t end = 1;
            while (end < text.size() && text[end] != quote) {
                end += text[end] == '\\' && quote == '"' && end + 1 < text.size() ? 2U : 1U;
            }
            end = std::min(end, text.size());
            pair.value = text.substr(1, end - 1);
            pair.quoted = true;
            text.remove_prefix(std::min(end + 1, text.size()));
            return pair;
        }
        const std::size_t end = std::min(text.find_first_of(" \t"), text.size());
        pair.value = text.substr(0, end);
        text.remove_prefix(end);
        if (pair.value.ends_with(',') || pair.value.ends_with(';')) { pair.value.remove_suffix(1); }
        return pair;
    }
}

bool looks_like_key_value(std::string_view text) noexcept {
    while (!text.empty() && is_blank(text.front())) {
        text.remove_prefix(1);
    }
    if (key_length(text) == 0) { return false; }
    std::size_t words = 0;
    std::size_t pairs = 0;
    while (pairs < 16 && next_pair(text, words)) {
        ++pairs;
    }
    return pairs >= 3 ? words <= pairs : pairs == 2 && words == 0;
}

void decode_key_value(std::string_view text, EventDraft& draft) {
    const bool audit = text.find("msg=audit(") < 64;
    add_pairs(text, audit, audit && text.find("type=EXECVE") != std::string_view::npos, draft);
    set_device_time(draft);
    propose_outcome(draft);
    const bool device = draft.noted(Role::device) != nullptr || draft.noted(Role::subtype) != nullptr;
    if (audit) {
        draft.set_format(event::Format::auditd);
        const std::string_view image = text_of(draft, Role::image);
        draft.propose(field::kProcessName, image.substr(image.rfind('/') + 1));
    } else if (draft.noted(Role::log_id) != nullptr && draft.noted(Role::type) != nullptr && device) {
        draft.set_format(event::Format::fortigate);
    } else {
        draft.set_format(event::Format::key_value);
    }
}

} // namespace canhgac::collector
