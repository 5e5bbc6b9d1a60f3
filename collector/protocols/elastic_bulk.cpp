#include "collector/protocols/elastic_bulk.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include "event/schema.hpp"

namespace canhgac::collector {
namespace {

constexpr int kMaxNesting = 32;

constexpr std::array<std::pair<std::string_view, BulkOperation>, 4> kActions = {{{"create", BulkOperation::create},
                                                                                 {"index", BulkOperation::index},
                                                                                 {"update", BulkOperation::update},
                                                                                 {"delete", BulkOperation::remove}}};

/// Walks over JSON without keeping anything: just what action lines need. Every method returns false on bad JSON.
class Scanner {
public:
    explicit Scanner(std::string_view text) noexcept : text_(text) {}

    void blanks() noexcept {
        while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\r')) {
            ++at_;
        }
    }
    /// The next character that is not blank; NUL at the end.
    [[nodiscard]] char peek() noexcept {
        blanks();
        return at_ < text_.size() ? text_[at_] : '\0';
    }
    [[nodiscard]] bool take(char c) noexcept {
        if (peek() != c || at_ >= text_.size()) { return false; }
        ++at_;
        return true;
    }
    [[nodiscard]] bool at_end() noexcept {
        blanks();
        return at_ == text_.size();
    }

    /// A string; `out` is what stands between the quotes, still escaped.
    [[nodiscard]] bool string(std::string_view& out) noexcept {
        if (!take('"')) { return false; }
        const std::size_t start = at_;
        while (at_ < text_.size() && text_[at_] != '"') {
            if (static_cast<unsigned char>(text_[at_]) < 0x20) { return false; }
            if (text_[at_] == '\\' && !escape()) { return false; }
            ++at_;
        }
        if (at_ >= text_.size()) { return false; }
        out = text_.substr(start, at_ - start);
        ++at_;
        return true;
    }

    /// Any value; `out` is its text (of a string: without the quotes).
    [[nodiscard]] bool value(std::string_view& out, int depth = 0) noexcept { // NOLINT(misc-no-recursion): bounded
        const char c = peek();
        if (c == '"') { return string(out); }
        if (c == '{' || c == '[') {
            const std::size_t start = at_;
            if (!nested(c == '{' ? '}' : ']', depth)) { return false; }
            out = text_.substr(start, at_ - start);
            return true;
        }
        const std::size_t start = at_;
        while (at_ < text_.size() && is_word(text_[at_])) {
            ++at_;
        }
        out = text_.substr(start, at_ - start);
        return is_scalar(out);
    }

private:
    static bool is_word(char c) noexcept {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == 'E' || c == '+' || c == '-' || c == '.';
    }
    static bool is_scalar(std::string_view word) noexcept {
        if (word == "true" || word == "false" || word == "null") { return true; }
        double number = 0;
        const auto [end, errc] = std::from_chars(word.data(), word.data() + word.size(), number);
        const bool numeric = !word.empty() && (word[0] == '-' || (word[0] >= '0' && word[0] <= '9'));
        return numeric && errc != std::errc::invalid_argument && end == word.data() + word.size();
    }

    /// At a backslash; stops at the last character of the escape.
    [[nodiscard]] bool escape() noexcept {
        ++at_;
        if (at_ >= text_.size()) { return false; }
        if (text_[at_] != 'u') { return std::string_view("\"\\/bfnrt").find(text_[at_]) != std::string_view::npos; }
        for (int i = 0; i < 4; ++i) {
            ++at_;
            if (at_ >= text_.size() || !is_hex(text_[at_])) { return false; }
        }
        return true;
    }
    static bool is_hex(char c) noexcept {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    }

    [[nodiscard]] bool nested(char close, int depth) noexcept { // NOLINT(misc-no-recursion): bounded
        if (depth >= kMaxNesting) { return false; }
        ++at_;
        if (take(close)) { return true; }
        std::string_view ignored;
        do {
            if (close == '}' && (!string(ignored) || !take(':'))) { return false; }
            if (!value(ignored, depth + 1)) { return false; }
        } while (take(','));
        return take(close);
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

std::optional<BulkOperation> action_of(std::string_view name) noexcept {
    for (const auto& entry : kActions) {
        if (entry.first == name) { return entry.second; }
    }
    return std::nullopt;
}

bool is_blank(std::string_view line) noexcept {
    return line.find_first_not_of(" \t\r") == std::string_view::npos;
}

/// A line's place in the body, without its end.
struct Span {
    std::size_t offset = 0;
    std::size_t size = 0;
};

class Lines {
public:
    explicit Lines(std::string_view body) noexcept : body_(body) {}
    /// The next line that is not blank.
    [[nodiscard]] std::optional<Span> next() noexcept {
        while (at_ < body_.size()) {
            const std::size_t start = at_;
            const std::size_t end = std::min(body_.find('\n', at_), body_.size());
            at_ = end + 1;
            std::size_t size = end - start;
            if (size != 0 && body_[start + size - 1] == '\r') { --size; }
            if (!is_blank(body_.substr(start, size))) { return Span{start, size}; }
        }
        return std::nullopt;
    }

private:
    std::string_view body_;
    std::size_t at_ = 0;
};

/// Cuts the body and gathers records; big bodies are copied into several batches, small ones are moved into one.
class BulkParser {
public:
    BulkParser(std::string body, event::PeerId peer, common::Nanos received)
        : body_(std::move(body)), peer_(peer), received_(received), split_(body_.size() > event::kBatchBytes) {}

    BulkRequest run();

private:
    [[nodiscard]] std::string_view text(Span span) const noexcept {
        return std::string_view(body_).substr(span.offset, span.size);
    }
    void rest_unparsed(Lines& lines);
    void add_item(const BulkLine& line);
    void add_record(Span meta, Span source, std::uint16_t flags);
    event::RecordBatch& batch_for(std::size_t bytes);

    std::string body_;
    event::PeerId peer_;
    common::Nanos received_;
    bool split_;
    BulkRequest out_;
};

event::RecordBatch& BulkParser::batch_for(std::size_t bytes) {
    if (out_.batches.empty() || (split_ && out_.batches.back()->bytes.size() + bytes > event::kBatchBytes)) {
        auto batch = std::make_unique<event::RecordBatch>();
        batch->protocol = event::Protocol::elastic_bulk;
        batch->received = received_;
        if (split_) { batch->bytes.reserve(std::max(bytes, event::kBatchBytes)); }
        out_.batches.push_back(std::move(batch));
    }
    return *out_.batches.back();
}

void BulkParser::add_record(Span meta, Span source, std::uint16_t flags) {
    const bool same = meta.offset == source.offset && meta.size == source.size;
    event::RecordBatch& batch = batch_for(source.size + (same ? 0 : meta.size));
    if (split_) {
        const std::string_view source_text = text(source);
        const std::string_view meta_text = text(meta);
        source.offset = batch.bytes.size();
        batch.bytes.append(source_text);
        meta.offset = same ? source.offset : batch.bytes.size();
        if (!same) { batch.bytes.append(meta_text); }
    }
    event::Record record;
    record.peer = peer_;
    record.flags = flags;
    record.offset = static_cast<std::uint32_t>(source.offset);
    record.size = static_cast<std::uint32_t>(source.size);
    record.meta_offset = static_cast<std::uint32_t>(meta.offset);
    record.meta_size = static_cast<std::uint32_t>(meta.size);
    batch.records.push_back(record);
    ++out_.records;
    out_.bytes += source.size;
    if ((flags & event::flag::kUnparsed) != 0) { ++out_.unparsed; }
}

void BulkParser::add_item(const BulkLine& line) {
    BulkItem item;
    item.action = line.action;
    // A client's log lines name the same index again and again.
    const bool repeated =
        !out_.items.empty() &&
        std::string_view(out_.names).substr(out_.items.back().index_offset, out_.items.back().index_size) == line.index;
    if (repeated) {
        item.index_offset = out_.items.back().index_offset;
    } else {
        item.index_offset = static_cast<std::uint32_t>(out_.names.size());
        out_.names.append(line.index);
    }
    item.index_size = static_cast<std::uint32_t>(line.index.size());
    item.id_offset = static_cast<std::uint32_t>(out_.names.size());
    item.id_size = static_cast<std::uint32_t>(line.id.size());
    out_.names.append(line.id);
    out_.items.push_back(item);
}

/// Behind an action line nobody can read it is not known which lines are actions and which are sources.
void BulkParser::rest_unparsed(Lines& lines) {
    while (const auto line = lines.next()) {
        BulkLine action;
        if (read_bulk_line(text(*line), action)) { add_item(action); }
        add_record({}, *line, event::flag::kUnparsed);
    }
}

BulkRequest BulkParser::run() {
    Lines lines(body_);
    while (const auto line = lines.next()) {
        BulkLine action;
        const bool readable = read_bulk_line(text(*line), action);
        add_item(readable ? action : BulkLine{});
        if (!readable) {
            add_record({}, *line, event::flag::kUnparsed);
            rest_unparsed(lines);
            break;
        }
        if (action.action == BulkOperation::remove) {
            add_record(*line, *line, 0);
        } else if (const auto source = lines.next()) {
            add_record(*line, *source, 0);
        } else {
            add_record({}, *line, event::flag::kUnparsed);
        }
    }
    if (!split_ && !out_.batches.empty()) { out_.batches.back()->bytes = std::move(body_); }
    return std::move(out_);
}

/// Appends text that stands inside a JSON string already, broken UTF-8 replaced by '?'.
void append_name(std::string& out, std::string_view name) {
    for (std::size_t i = 0; i < name.size();) {
        const auto lead = static_cast<unsigned char>(name[i]);
        std::size_t size = 1;
        if (lead >= 0xC2 && lead <= 0xF4) { size = lead < 0xE0 ? 2U : (lead < 0xF0 ? 3U : 4U); }
        bool valid = i + size <= name.size() && (lead < 0x80 || size > 1);
        for (std::size_t k = 1; valid && k < size; ++k) {
            valid = (static_cast<unsigned char>(name[i + k]) & 0xC0U) == 0x80U;
        }
        if (valid) {
            out.append(name, i, size);
            i += size;
        } else {
            out.push_back('?');
            ++i;
        }
    }
}

std::string_view name_of(BulkOperation action) noexcept {
    for (const auto& entry : kActions) {
        if (entry.second == action) { return entry.first; }
    }
    return "create";
}

std::string_view outcome_of(BulkOperation action) noexcept {
    switch (action) {
    case BulkOperation::update:
        return R"(","status":200,"result":"updated"}})";
    case BulkOperation::remove:
        return R"(","status":200,"result":"deleted"}})";
    default:
        return R"(","status":201,"result":"created"}})";
    }
}

void append_number(std::string& out, std::uint64_t number) {
    char digits[20];
    const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
    out.append(digits, end);
}

} // namespace

bool read_bulk_line(std::string_view line, BulkLine& out) noexcept {
    Scanner scanner(line);
    std::string_view name;
    if (!scanner.take('{') || !scanner.string(name) || !scanner.take(':') || !scanner.take('{')) { return false; }
    const std::optional<BulkOperation> action = action_of(name);
    if (!action) { return false; }
    out = {};
    out.action = *action;
    if (!scanner.take('}')) {
        do {
            std::string_view key;
            std::string_view value;
            if (!scanner.string(key) || !scanner.take(':')) { return false; }
            const char first = scanner.peek();
            if (!scanner.value(value)) { return false; }
            const bool scalar = first != '{' && first != '[' && value != "null";
            if (key == "_index" && scalar) { out.index = value; }
            if (key == "_id" && scalar) { out.id = value; }
        } while (scanner.take(','));
        if (!scanner.take('}')) { return false; }
    }
    return scanner.take('}') && scanner.at_end();
}

BulkRequest parse_bulk(std::string body, event::PeerId peer, common::Nanos received) {
    return BulkParser(std::move(body), peer, received).run();
}

std::string bulk_answer(const BulkRequest& request, std::uint64_t took_ms, std::string_view default_index,
                        std::string_view id_prefix) {
    constexpr std::size_t kItemBytes = 96;
    std::string out;
    out.reserve(64 + request.items.size() * (kItemBytes + default_index.size()) + request.names.size());
    out.append(R"({"took":)");
    append_number(out, took_ms);
    out.append(R"(,"errors":false,"items":[)");
    std::size_t number = 0;
    for (const BulkItem& item : request.items) {
        const std::string_view names = request.names;
        if (number != 0) { out.push_back(','); }
        out.append(R"({")").append(name_of(item.action)).append(R"(":{"_index":")");
        append_name(out, item.index_size == 0 ? default_index : names.substr(item.index_offset, item.index_size));
        out.append(R"(","_id":")");
        if (item.id_size == 0) {
            out.append(id_prefix);
            append_number(out, number);
        } else {
            append_name(out, names.substr(item.id_offset, item.id_size));
        }
        out.append(outcome_of(item.action));
        ++number;
    }
    out.append("]}");
    return out;
}

} // namespace canhgac::collector
