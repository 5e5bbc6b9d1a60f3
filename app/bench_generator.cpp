#include "app/bench_generator.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>

#include "common/clock.hpp"
#include "common/ensure.hpp"

namespace canhgac::app {

namespace {

/// 22 November 2026, 00:00 UTC: generated time starts here and moves 1 ms an event, like 1,000 events a second.
constexpr common::Nanos kStart = 1'795'305'600 * common::kSecond;
/// Of texts that are not remapped anyway, one in this many is re-drawn (new text never seen before).
constexpr std::uint64_t kRedrawOneIn = 24;

bool is_hex(char c) noexcept {
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}
bool is_digit(char c) noexcept {
    return c >= '0' && c <= '9';
}

/// splitmix64: a well mixed number for a number.
std::uint64_t mix(std::uint64_t value) noexcept {
    value += 0x9E3779B97F4A7C15U;
    value = (value ^ (value >> 30U)) * 0xBF58476D1CE4E5B9U;
    value = (value ^ (value >> 27U)) * 0x94D049BB133111EBU;
    return value ^ (value >> 31U);
}

std::uint64_t hash(std::string_view text, std::uint64_t key) noexcept {
    std::uint64_t value = key;
    for (const char c : text) {
        value = (value ^ static_cast<unsigned char>(c)) * 0x100000001B3U;
    }
    return mix(value);
}

/// 8-4-4-4-12 hexadecimal digits at the front.
bool starts_with_guid(std::string_view text) noexcept {
    if (text.size() < 36) { return false; }
    for (std::size_t i = 0; i < 36; ++i) {
        const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? text[i] != '-' : !is_hex(text[i])) { return false; }
    }
    return true;
}

/// "2020-09-22 04:11:16" or with T; returns its length with a fraction, 0 if there is none.
std::size_t stamp_length(std::string_view text) noexcept {
    static constexpr std::string_view kShape = "dddd-dd-dd dd:dd:dd";
    if (text.size() < kShape.size()) { return 0; }
    for (std::size_t i = 0; i < kShape.size(); ++i) {
        if (kShape[i] == 'd'   ? !is_digit(text[i])
            : kShape[i] == ' ' ? text[i] != ' ' && text[i] != 'T'
                               : text[i] != kShape[i]) {
            return 0;
        }
    }
    std::size_t size = kShape.size();
    if (size + 1 < text.size() && text[size] == '.' && is_digit(text[size + 1])) {
        ++size;
        while (size < text.size() && is_digit(text[size]) && size < 29) {
            ++size;
        }
    }
    return size;
}

/// Dotted quad at the front; its length or 0.
std::size_t address_length(std::string_view text) noexcept {
    std::size_t at = 0;
    for (int part = 0; part < 4; ++part) {
        std::size_t digits = 0;
        while (at < text.size() && is_digit(text[at]) && digits < 4) {
            ++at;
            ++digits;
        }
        if (digits == 0 || digits > 3) { return 0; }
        if (part < 3) {
            if (at >= text.size() || text[at] != '.') { return 0; }
            ++at;
        }
    }
    return at < text.size() && (is_digit(text[at]) || text[at] == '.') ? 0 : at;
}

bool any_of(std::string_view key, std::initializer_list<std::string_view> names) noexcept {
    return std::find(names.begin(), names.end(), key) != names.end();
}

/// What kind of event it is, and constants of the recording: never changed.
bool is_structural(std::string_view key) noexcept {
    return any_of(key, {"Channel",
                        "EventID",
                        "SourceName",
                        "ProviderGuid",
                        "Provider_Name",
                        "EventType",
                        "EventTypeOrignal",
                        "Opcode",
                        "OpcodeValue",
                        "Severity",
                        "SeverityValue",
                        "Version",
                        "Task",
                        "Keywords",
                        "Category",
                        "SourceModuleType",
                        "SourceModuleName",
                        "@version",
                        "tags",
                        "AccountType",
                        "port",
                        "LogonType",
                        "IntegrityLevel",
                        "Signed",
                        "SignatureStatus",
                        "Initiated",
                        "Protocol",
                        "RuleName",
                        "AccessMask",
                        "GrantedAccess",
                        "ErrorCode",
                        "log_name",
                        "event_id",
                        "source_name",
                        "provider_guid",
                        "level",
                        "task",
                        "opcode",
                        "type",
                        "Name",
                        "Guid"});
}

} // namespace

/// Cuts one JSON line into literal pieces and slots.
class EventGenerator::Splitter {
public:
    Splitter(EventGenerator& owner, std::string_view line) : owner_(owner), line_(line) {}

    void run() {
        std::size_t at = 0;
        while (at < line_.size()) {
            if (line_[at] == '"') {
                at = string(at);
            } else if (expecting_value_ && (is_digit(line_[at]) || line_[at] == '-')) {
                at = number(at);
            } else {
                if (line_[at] == ',' || line_[at] == '{' || line_[at] == '[') { expecting_value_ = line_[at] == '['; }
                if (line_[at] == ':') { expecting_value_ = true; }
                ++at;
            }
        }
        flush(line_.size());
    }

private:
    /// Length of the string token's body starting after the opening quote at `at`.
    [[nodiscard]] std::size_t body_end(std::size_t at) const noexcept {
        std::size_t end = at + 1;
        while (end < line_.size() && line_[end] != '"') {
            end += line_[end] == '\\' ? 2 : 1;
        }
        return std::min(end, line_.size());
    }

    std::size_t string(std::size_t at) {
        const std::size_t end = body_end(at);
        const std::string_view body = line_.substr(at + 1, end - at - 1);
        std::size_t after = end + 1;
        while (after < line_.size() && line_[after] == ' ') {
            ++after;
        }
        if (after < line_.size() && line_[after] == ':') {
            key_ = body;
            return end + 1;
        }
        value(at + 1, end);
        return end + 1;
    }

    std::size_t number(std::size_t at) {
        std::size_t end = at;
        while (end < line_.size() && (is_digit(line_[end]) || line_[end] == '-' || line_[end] == '.')) {
            ++end;
        }
        const bool process = key_.ends_with("ProcessId") || key_.ends_with("ProcessID") || key_.ends_with("ThreadID") ||
                             key_ == "RecordNumber" || key_ == "process_id" || key_ == "thread_id";
        if (process) { slot(Slot::process, at, end); }
        return end;
    }

    void value(std::size_t begin, std::size_t end) {
        const std::string_view body = line_.substr(begin, end - begin);
        if (body.empty() || is_structural(key_)) { return; }
        if (any_of(key_, {"Computer", "Hostname", "host", "ComputerName", "computer_name", "WorkstationName"})) {
            slot(Slot::host, begin, end);
        } else if (any_of(key_,
                          {"User", "SubjectUserName", "TargetUserName", "AccountName", "SourceUser", "TargetUser"})) {
            slot(Slot::user, begin, end);
        } else if (key_.ends_with("ProcessId") || key_.ends_with("ThreadId")) {
            slot(Slot::process, begin, end);
        } else if (key_.ends_with("LogonId") || key_ == "LogonID") {
            slot(Slot::logon, begin, end);
        } else if (!inner(begin, end)) {
            slot(Slot::text, begin, end);
        }
    }

    /// Remaps stamps, GUIDs and addresses inside a value; true if there were any.
    bool inner(std::size_t begin, std::size_t end) {
        bool found = false;
        for (std::size_t at = begin; at < end;) {
            const std::string_view rest = line_.substr(at, end - at);
            const bool fresh = at == begin || (!is_hex(line_[at - 1]) && line_[at - 1] != '.');
            std::size_t size = 0;
            Slot kind = Slot::literal;
            if (fresh && is_hex(line_[at])) {
                if (starts_with_guid(rest)) {
                    size = 36;
                    kind = Slot::guid;
                } else if (is_digit(line_[at]) && (size = stamp_length(rest)) != 0) {
                    kind = Slot::time;
                } else if (is_digit(line_[at]) && (size = address_length(rest)) != 0) {
                    kind = Slot::address;
                }
            }
            if (size == 0) {
                ++at;
                continue;
            }
            slot(kind, at, at + size);
            at += size;
            found = true;
        }
        return found;
    }

    void slot(Slot kind, std::size_t begin, std::size_t end) {
        flush(begin);
        push(kind, begin, end);
        flushed_ = end;
    }
    void flush(std::size_t end) {
        if (end > flushed_) { push(Slot::literal, flushed_, end); }
        flushed_ = end;
    }
    void push(Slot kind, std::size_t begin, std::size_t end) {
        owner_.pieces_.push_back(
            {kind, static_cast<std::uint32_t>(owner_.text_.size()), static_cast<std::uint32_t>(end - begin)});
        owner_.text_.append(line_, begin, end - begin);
    }

    EventGenerator& owner_;
    std::string_view line_;
    std::string_view key_;
    bool expecting_value_ = false;
    std::size_t flushed_ = 0;
};

EventGenerator::EventGenerator(const GeneratorOptions& options) : options_(options), state_(mix(options.seed)) {
    streams_.resize(std::max(1U, options.streams));
}

std::uint64_t EventGenerator::draw() noexcept {
    return mix(state_++);
}

std::size_t EventGenerator::add_recording(std::string_view text) {
    std::size_t taken = 0;
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        std::string_view line = text.substr(0, end);
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) {
            line.remove_suffix(1);
        }
        if (!line.starts_with('{') || !line.ends_with('}')) { continue; }
        Template made;
        made.first = static_cast<std::uint32_t>(pieces_.size());
        Splitter(*this, line).run();
        made.count = static_cast<std::uint32_t>(pieces_.size()) - made.first;
        templates_.push_back(made);
        ++taken;
    }
    return taken;
}

void EventGenerator::append(std::string& out) {
    common::ensure(!templates_.empty(), "the generator needs a recording");
    Stream& stream = streams_[draw() % streams_.size()];
    if (stream.left == 0) {
        stream.key = draw();
        stream.next = draw() % templates_.size();
        stream.left = 200 + draw() % 2'000;
    }
    --stream.left;
    const Template& made = templates_[stream.next];
    stream.next = stream.next + 1 == templates_.size() ? 0 : stream.next + 1;
    for (std::uint32_t i = 0; i < made.count; ++i) {
        append_piece(pieces_[made.first + i], stream, out);
    }
    out += '\n';
    ++made_;
}

void EventGenerator::append_piece(const Piece& piece, const Stream& stream, std::string& out) {
    const std::string_view value(text_.data() + piece.offset, piece.size);
    std::array<char, 64> text{};
    const auto number = [&](std::uint64_t n, int base = 10) {
        const auto end = std::to_chars(text.data(), text.data() + text.size(), n, base).ptr;
        return std::string_view(text.data(), static_cast<std::size_t>(end - text.data()));
    };
    const std::uint64_t salt = options_.unique ? draw() : stream.key;
    switch (piece.slot) {
    case Slot::literal:
        out += value;
        return;
    case Slot::text:
        append_text(value, out);
        return;
    case Slot::process:
        out += number((options_.unique ? draw() % 4'000'000'000U : hash(value, salt) % 65'536) + 4);
        return;
    case Slot::logon:
        (out += "0x") += number(hash(value, salt) & 0xFFFFFFFFFFU, 16);
        return;
    case Slot::host:
        ((out += "HOST-") += number(options_.unique ? draw() : hash(value, salt) % options_.hosts)) += ".tinh.example";
        return;
    case Slot::user:
        (out += "canbo") += number(options_.unique ? draw() : hash(value, salt) % options_.users);
        return;
    case Slot::address: {
        const std::uint64_t h = hash(value, salt);
        out += "10.";
        (out += number(h >> 16U & 0xFFU)) += '.';
        (out += number(h >> 8U & 0xFFU)) += '.';
        out += number(h & 0xFFU);
        return;
    }
    case Slot::guid: {
        const std::uint64_t a = hash(value, salt);
        const std::uint64_t b = mix(a);
        std::snprintf(text.data(), text.size(), "%08x-%04x-%04x-%04x-%012llx", static_cast<unsigned>(a >> 32U),
                      static_cast<unsigned>(a >> 16U & 0xFFFFU), static_cast<unsigned>(a & 0xFFFFU),
                      static_cast<unsigned>(b >> 48U), static_cast<unsigned long long>(b & 0xFFFFFFFFFFFFU));
        out.append(text.data(), 36);
        return;
    }
    case Slot::time:
        break;
    }
    const common::CivilTime civil = common::to_civil(kStart + static_cast<common::Nanos>(made_) * common::kMillisecond);
    std::snprintf(text.data(), text.size(), "%04d-%02u-%02u%c%02u:%02u:%02u.%09u", civil.year, civil.month, civil.day,
                  value[10], civil.hour, civil.minute, civil.second,
                  civil.nanosecond + static_cast<std::uint32_t>(draw() % 1'000'000));
    out.append(text.data(), value.size());
}

void EventGenerator::append_text(std::string_view value, std::string& out) {
    if (!options_.unique && draw() % kRedrawOneIn != 0) {
        out += value;
        return;
    }
    // New text in the last path component, before its extension, so that suffixes still look as they did.
    std::size_t at = value.size();
    if (const auto dot = value.rfind('.'); dot != std::string_view::npos && value.size() - dot <= 5) { at = dot; }
    std::size_t slashes = 0; // never inside an escape
    while (at > slashes && value[at - 1 - slashes] == '\\') {
        ++slashes;
    }
    if (slashes % 2 == 1) { --at; }
    out += value.substr(0, at);
    std::array<char, 16> text{};
    const auto end = std::to_chars(text.data(), text.data() + text.size(), draw() & 0xFFFFFFFFFFU, 36).ptr;
    out.append(text.data(), static_cast<std::size_t>(end - text.data()));
    out += value.substr(at);
}

} // namespace canhgac::app
