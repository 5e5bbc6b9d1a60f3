#include "common/yaml.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <istream>
#include <numeric>
#include <streambuf>

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/node/node.h> // parser.h only declares YAML::Node, which clang-tidy takes for a mix-up with ours
#include <yaml-cpp/parser.h>

namespace canhgac::common::yaml {

namespace {

/// Leaves yaml-cpp from inside its callbacks; caught in parse().
struct Refused {
    Error error;
};

Position position_of(const YAML::Mark& mark) {
    const auto from_one = [](int value) { return value < 0 ? 1U : static_cast<std::uint32_t>(value) + 1U; };
    return {from_one(mark.line), from_one(mark.column)};
}

[[noreturn]] void refuse(Position at, std::string message) {
    throw Refused{Error{at, std::move(message)}};
}

/// Reads a view in place; yaml-cpp wants a stream.
class ViewBuffer final : public std::streambuf {
public:
    explicit ViewBuffer(std::string_view text) {
        char* begin = const_cast<char*>(text.data()); // NOLINT(cppcoreguidelines-pro-type-const-cast): never written to
        setg(begin, begin, begin + text.size());
    }
};

/// Length of the UTF-8 sequence at `text[at]`, 0 when it is not well formed (Unicode 15, table 3-7).
std::size_t utf8_length(std::string_view text, std::size_t at) {
    const auto byte = [&](std::size_t offset) {
        return at + offset < text.size() ? static_cast<unsigned char>(text[at + offset]) : 0U;
    };
    const auto tail = [&](std::size_t offset) { return (byte(offset) & 0xC0U) == 0x80U; };
    const unsigned lead = byte(0);
    if (lead < 0x80U) { return 1; }
    if (lead >= 0xC2U && lead <= 0xDFU) { return tail(1) ? 2 : 0; }
    if (lead >= 0xE0U && lead <= 0xEFU) {
        const bool overlong = lead == 0xE0U && byte(1) < 0xA0U;
        const bool surrogate = lead == 0xEDU && byte(1) > 0x9FU;
        return tail(1) && tail(2) && !overlong && !surrogate ? 3 : 0;
    }
    if (lead >= 0xF0U && lead <= 0xF4U) {
        const bool overlong = lead == 0xF0U && byte(1) < 0x90U;
        const bool too_high = lead == 0xF4U && byte(1) > 0x8FU;
        return tail(1) && tail(2) && tail(3) && !overlong && !too_high ? 4 : 0;
    }
    return 0;
}

/// yaml-cpp takes byte 4 as the end of input and passes broken UTF-8 on, so both are refused before it sees them.
void check_characters(std::string_view text) {
    Position at{1, 1};
    for (std::size_t i = 0; i < text.size();) {
        const auto byte = static_cast<unsigned char>(text[i]);
        const bool is_control = byte == 0x7FU || (byte < 0x20U && byte != '\t' && byte != '\n' && byte != '\r');
        if (is_control) { refuse(at, "control character, which YAML does not allow"); }
        const std::size_t length = utf8_length(text, i);
        if (length == 0) { refuse(at, "not valid UTF-8"); }
        i += length;
        at =
            byte == '\n' ? Position{at.line + 1, 1} : Position{at.line, at.column + static_cast<std::uint32_t>(length)};
    }
}

/// The text of a line, counted from 1; empty beyond the last.
std::string_view line_of(std::string_view text, std::uint32_t line) {
    for (; line > 1; --line) {
        const auto end = text.find('\n');
        if (end == std::string_view::npos) { return {}; }
        text.remove_prefix(end + 1);
    }
    return text.substr(0, text.find('\n'));
}

bool is_blank(char c) {
    return c == ' ' || c == '\t';
}

/// True when the blanks a line starts with hold a tab.
bool is_indented_by_tab(std::string_view line) {
    const auto* end = std::find_if_not(line.begin(), line.end(), is_blank);
    return std::find(line.begin(), end, '\t') != end;
}

bool is_all_digits(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::string_view without_sign(std::string_view text) {
    if (!text.empty() && (text.front() == '+' || text.front() == '-')) { text.remove_prefix(1); }
    return text;
}

/// [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?   (YAML 1.2.2 section 10.3.2)
bool is_real(std::string_view text) {
    text = without_sign(text);
    if (const auto exponent = text.find_first_of("eE"); exponent != std::string_view::npos) {
        if (!is_all_digits(without_sign(text.substr(exponent + 1)))) { return false; }
        text = text.substr(0, exponent);
    }
    const auto dot = text.find('.');
    if (dot == std::string_view::npos) { return is_all_digits(text); }
    const std::string_view whole = text.substr(0, dot);
    const std::string_view fraction = text.substr(dot + 1);
    if (whole.empty()) { return is_all_digits(fraction); }
    return is_all_digits(whole) && (fraction.empty() || is_all_digits(fraction));
}

template <typename Number>
bool read_number(std::string_view text, Number& out) {
    if (text.starts_with('+')) { text.remove_prefix(1); }
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    return error == std::errc{} && end == text.data() + text.size();
}

/// `017` was octal in YAML 1.1 and is a code, not a number, to most who write it (a keyboard layout `00000429`).
bool has_leading_zero(std::string_view text) {
    text = without_sign(text);
    return text.size() > 1 && text[0] == '0' && text[1] != '.' && text[1] != 'e' && text[1] != 'E';
}

/// Gives a plain scalar its type by the core schema, as far as the header says.
void resolve_plain(Node& node) {
    node.kind = Kind::string;
    if (node.text == "true" || node.text == "True" || node.text == "TRUE") {
        node.kind = Kind::boolean;
        node.boolean = true;
    } else if (node.text == "false" || node.text == "False" || node.text == "FALSE") {
        node.kind = Kind::boolean;
    } else if (has_leading_zero(node.text)) {
        return;
    } else if (is_all_digits(without_sign(node.text)) && read_number(node.text, node.integer)) {
        node.kind = Kind::integer;
        node.real = static_cast<double>(node.integer);
    } else if (is_real(node.text) && read_number(node.text, node.real) && std::isfinite(node.real)) {
        node.kind = Kind::real;
    }
}

/// Builds the trees from yaml-cpp's events and holds them to the promises of the header.
class TreeBuilder final : public YAML::EventHandler {
public:
    explicit TreeBuilder(std::string_view text) : text_(text) {}

    std::vector<Node> documents;

    void OnDocumentStart(const YAML::Mark& mark) override {
        // yaml-cpp takes whatever follows a complete tree as one more document; YAML wants "---" there.
        const auto offset = static_cast<std::size_t>(std::max(mark.pos, 0));
        const bool is_marked = offset < text_.size() && text_.substr(offset).starts_with("---");
        if (!documents.empty() && !is_marked) {
            refuse(position_of(mark), "text after the end of the document; another one starts with '---'");
        }
    }
    void OnDocumentEnd() override {}
    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override { add(node_at(mark, anchor)); }
    void OnAlias(const YAML::Mark& mark, YAML::anchor_t /*anchor*/) override {
        refuse(position_of(mark), "aliases (*name) are not allowed");
    }
    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  const std::string& value) override {
        Node node = node_at(mark, anchor);
        node.text = value;
        node.quoted = tag == "!" || tag == kStringTag;
        check_tag(mark, tag);
        check_quote(mark);
        if (node.quoted) {
            node.kind = Kind::string;
        } else {
            resolve_plain(node);
        }
        add(std::move(node));
    }
    void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value style) override {
        open(mark, tag, anchor, style, Kind::sequence);
    }
    void OnSequenceEnd() override { close(); }
    void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value style) override {
        open(mark, tag, anchor, style, Kind::map);
    }
    void OnMapEnd() override {
        check_keys(frames_.back().node);
        close();
    }
    void OnAnchor(const YAML::Mark& mark, const std::string& /*name*/) override {
        refuse(position_of(mark), "anchors (&name) are not allowed");
    }

private:
    static constexpr const char* kStringTag = "tag:yaml.org,2002:str";

    struct Frame {
        Node node;
        bool is_flow = false;
        bool has_key = false; ///< a map that waits for the value of its last entry
    };

    static void check_tag(const YAML::Mark& mark, const std::string& tag) {
        const bool is_plain = tag.empty() || tag == "?" || tag == "!" || tag == kStringTag;
        if (!is_plain) { refuse(position_of(mark), "tag '" + tag + "' is not known here"); }
    }

    /// yaml-cpp takes the end of the text for the closing quote.
    void check_quote(const YAML::Mark& mark) const {
        const auto begin = static_cast<std::size_t>(std::max(mark.pos, 0));
        const char quote = begin < text_.size() ? text_[begin] : ' ';
        if (quote != '\'' && quote != '"') { return; }
        for (std::size_t i = begin + 1; i < text_.size(); ++i) {
            const bool is_doubled = quote == '\'' && i + 1 < text_.size() && text_[i + 1] == quote;
            if (text_[i] == quote && !is_doubled) { return; }
            const bool is_escape = quote == '"' && text_[i] == '\\';
            if (is_escape || (text_[i] == quote && is_doubled)) { ++i; }
        }
        refuse(position_of(mark), "quote is never closed");
    }

    Node node_at(const YAML::Mark& mark, YAML::anchor_t anchor) {
        if (anchor != 0) { refuse(position_of(mark), "anchors (&name) are not allowed"); }
        if (++nodes_ > kMaxNodes) { refuse(position_of(mark), "too many nodes in one text"); }
        check_tab(mark);
        Node node;
        node.at = position_of(mark);
        return node;
    }

    /// Tabs between the brackets of a flow collection separate, they do not indent.
    void check_tab(const YAML::Mark& mark) const {
        if (!frames_.empty() && frames_.back().is_flow) { return; }
        const auto offset = std::min(static_cast<std::size_t>(std::max(mark.pos, 0)), text_.size());
        const auto column = std::min(static_cast<std::size_t>(std::max(mark.column, 0)), offset);
        const std::string_view before = text_.substr(offset - column, column);
        if (is_indented_by_tab(before) && std::all_of(before.begin(), before.end(), is_blank)) {
            refuse({position_of(mark).line, 1}, kTabMessage);
        }
    }

    void open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, YAML::EmitterStyle::value style,
              Kind kind) {
        Node node = node_at(mark, anchor);
        check_tag(mark, tag);
        if (frames_.size() >= kMaxDepth) { refuse(node.at, "nested too deep"); }
        if (waits_for_key()) { refuse(node.at, "a key must be plain text"); }
        node.kind = kind;
        const bool inside_flow = !frames_.empty() && frames_.back().is_flow;
        frames_.push_back(Frame{std::move(node), inside_flow || style == YAML::EmitterStyle::Flow});
    }

    void close() {
        Node node = std::move(frames_.back().node);
        frames_.pop_back();
        add(std::move(node));
    }

    [[nodiscard]] bool waits_for_key() const {
        return !frames_.empty() && frames_.back().node.kind == Kind::map && !frames_.back().has_key;
    }

    void add(Node node) {
        if (frames_.empty()) {
            documents.push_back(std::move(node));
            return;
        }
        Frame& frame = frames_.back();
        if (frame.node.kind == Kind::sequence) {
            frame.node.items.push_back(std::move(node));
        } else if (frame.has_key) {
            frame.node.entries.back().second = std::move(node);
            frame.has_key = false;
        } else {
            frame.node.key_positions.push_back(node.at);
            frame.node.entries.emplace_back(std::move(node.text), Node{});
            frame.has_key = true;
        }
    }

    static void check_keys(const Node& map) {
        std::vector<std::size_t> order(map.entries.size());
        std::iota(order.begin(), order.end(), std::size_t{0});
        const auto key = [&](std::size_t index) -> const std::string& { return map.entries[index].first; };
        std::sort(order.begin(), order.end(), [&](std::size_t left, std::size_t right) {
            const int compared = key(left).compare(key(right));
            return compared != 0 ? compared < 0 : left < right;
        });
        const auto same = [&](std::size_t left, std::size_t right) { return key(left) == key(right); };
        const auto found = std::adjacent_find(order.begin(), order.end(), same);
        if (found != order.end()) {
            const std::size_t second = *std::next(found);
            refuse(map.key_positions[second], "key '" + key(second) + "' appears twice; first in line " +
                                                  std::to_string(map.key_positions[*found].line));
        }
    }

public:
    static constexpr const char* kTabMessage = "tab used as indentation; YAML wants blanks";

private:
    std::string_view text_;
    std::vector<Frame> frames_;
    std::size_t nodes_ = 0;
};

/// yaml-cpp words a tab in the indentation in several ways, mostly misleading ones.
Error error_of(const YAML::Exception& error, std::string_view text) {
    const Position at = position_of(error.mark);
    if (is_indented_by_tab(line_of(text, at.line))) { return {{at.line, 1}, TreeBuilder::kTabMessage}; }
    return {at, error.msg.empty() ? "not valid YAML" : error.msg};
}

} // namespace

const Node* Node::find(std::string_view key) const noexcept {
    for (const auto& [name, value] : entries) {
        if (name == key) { return &value; }
    }
    return nullptr;
}

Result<std::vector<Node>, Error> parse(std::string_view text) {
    static constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
    if (text.starts_with(kByteOrderMark)) { text.remove_prefix(kByteOrderMark.size()); }
    if (text.size() > kMaxTextBytes) { return fail(Error{{1, 1}, "larger than 16 MiB"}); }
    try {
        check_characters(text);
        ViewBuffer buffer(text);
        std::istream stream(&buffer);
        YAML::Parser parser(stream);
        TreeBuilder builder(text);
        while (parser.HandleNextDocument(builder)) {}
        return std::move(builder.documents);
    } catch (const Refused& refused) { return fail(refused.error); } catch (const YAML::Exception& error) {
        return fail(error_of(error, text));
    }
}

} // namespace canhgac::common::yaml
