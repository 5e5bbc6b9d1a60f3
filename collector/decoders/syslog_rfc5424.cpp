#include <algorithm>
#include <charconv>

#include "collector/decoders/syslog_header.hpp"

namespace canhgac::collector {

namespace {

constexpr std::size_t kMaxPriorityDigits = 3;
constexpr unsigned kMaxPriority = 191;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

[[nodiscard]] tl::unexpected<SyslogError> fail(SyslogErrc code, std::size_t offset) noexcept {
    return common::fail(SyslogError{code, static_cast<std::uint32_t>(offset)});
}

/// The token up to the next blank, which is taken too; empty when `rest` starts with a blank or is empty.
std::string_view take_token(std::string_view& rest) noexcept {
    const std::size_t end = std::min(rest.find(' '), rest.size());
    const std::string_view token = rest.substr(0, end);
    rest.remove_prefix(end < rest.size() ? end + 1 : end);
    return token;
}

std::string_view without_nil(std::string_view token) noexcept {
    return token == "-" ? std::string_view{} : token;
}

/// Length of the elements at the front of `text` ("[a b=\"c\"][d]"), 0 = not well formed.
std::size_t structured_data_length(std::string_view text) noexcept {
    std::size_t at = 0;
    while (at < text.size() && text[at] == '[') {
        bool quoted = false;
        for (++at;; ++at) {
            if (at >= text.size()) { return 0; }
            if (quoted && text[at] == '\\') {
                ++at;
            } else if (text[at] == '"') {
                quoted = !quoted;
            } else if (!quoted && text[at] == ']') {
                break;
            }
        }
        ++at;
    }
    return at;
}

} // namespace

common::Result<std::uint8_t, SyslogError> parse_priority(std::string_view& text) noexcept {
    if (text.empty()) { return fail(SyslogErrc::truncated, 0); }
    if (text.front() != '<') { return fail(SyslogErrc::bad_priority, 0); }
    const std::string_view digits = text.substr(1, kMaxPriorityDigits);
    unsigned value = 0;
    const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    const auto length = static_cast<std::size_t>(result.ptr - text.data());
    if (length == text.size()) { return fail(SyslogErrc::truncated, length); }
    if (result.ec != std::errc{} || *result.ptr != '>' || value > kMaxPriority) {
        return fail(SyslogErrc::bad_priority, length);
    }
    text.remove_prefix(length + 1);
    return static_cast<std::uint8_t>(value);
}

common::Result<SyslogHeader, SyslogError> parse_rfc5424(std::string_view text) noexcept {
    SyslogHeader header;
    std::string_view rest = text;
    const auto offset = [&]() noexcept { return text.size() - rest.size(); };
    header.version = take_token(rest);
    if (header.version != "1") { return fail(SyslogErrc::bad_version, 0); }
    const std::size_t stamp_at = offset();
    const std::string_view stamp = take_token(rest);
    if (stamp != "-") {
        header.time = common::parse_rfc3339(stamp);
        if (!header.time) { return fail(SyslogErrc::bad_timestamp, stamp_at); }
    }
    header.host = without_nil(take_token(rest));
    header.app = without_nil(take_token(rest));
    header.procid = without_nil(take_token(rest));
    if (rest.empty()) { return fail(SyslogErrc::truncated, text.size()); }
    header.msgid = without_nil(take_token(rest));
    if (rest.empty()) { return fail(SyslogErrc::truncated, text.size()); }
    if (rest.front() == '-') {
        rest.remove_prefix(1);
    } else {
        const std::size_t length = structured_data_length(rest);
        if (length == 0) { return fail(SyslogErrc::bad_structured_data, offset()); }
        header.structured_data = rest.substr(0, length);
        rest.remove_prefix(length);
    }
    if (!rest.empty() && rest.front() != ' ') { return fail(SyslogErrc::bad_structured_data, offset()); }
    if (!rest.empty()) { rest.remove_prefix(1); }
    if (rest.starts_with(kByteOrderMark)) { rest.remove_prefix(kByteOrderMark.size()); }
    header.message = rest;
    return header;
}

std::optional<StructuredParameter> next_parameter(std::string_view& data, std::string_view& element) noexcept {
    for (;;) {
        while (data.starts_with(' ')) {
            data.remove_prefix(1);
        }
        if (data.empty()) { return std::nullopt; }
        if (data.front() == ']') {
            data.remove_prefix(1);
            element = {};
            continue;
        }
        if (data.front() == '[') {
            data.remove_prefix(1);
            const std::size_t end = std::min(data.find_first_of(" ]"), data.size());
            element = data.substr(0, end);
            data.remove_prefix(end);
            continue;
        }
        const std::size_t equals = data.find("=\"");
        const std::size_t close = data.find(']');
        if (equals == std::string_view::npos || close < equals) { // no parameter: skip to the element's end
            data.remove_prefix(std::min(close, data.size()));
            continue;
        }
        StructuredParameter parameter{element, data.substr(0, equals), {}};
        data.remove_prefix(equals + 2);
        std::size_t end = 0;
        while (end < data.size() && data[end] != '"') {
            end += data[end] == '\\' ? 2U : 1U;
        }
        end = std::min(end, data.size());
        parameter.value = data.substr(0, end);
        data.remove_prefix(std::min(end + 1, data.size()));
        return parameter;
    }
}

} // namespace canhgac::collector
