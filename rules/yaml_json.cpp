#include "rules/yaml_json.hpp"

#include <array>
#include <charconv>
#include <string_view>

namespace canhgac::rules {

namespace {

namespace yaml = common::yaml;

void put_string(std::string_view text, std::string& out) {
    static constexpr std::string_view kHex = "0123456789abcdef";
    out += '"';
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (c == '\n') {
            out += "\\n";
        } else if (byte < 0x20U) {
            out += "\\u00";
            out += kHex[byte >> 4U];
            out += kHex[byte & 0xFU];
        } else {
            out += c;
        }
    }
    out += '"';
}

void put_real(double value, std::string& out) {
    std::array<char, 64> buffer{};
    const auto [end, error] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
    if (error == std::errc{}) { out.append(buffer.data(), end); }
}

void put(const yaml::Node& node, std::string& out) {
    switch (node.kind) {
    case yaml::Kind::null:
        out += "null";
        return;
    case yaml::Kind::boolean:
        out += node.boolean ? "true" : "false";
        return;
    case yaml::Kind::integer:
        out += std::to_string(node.integer);
        return;
    case yaml::Kind::real:
        put_real(node.real, out);
        return;
    case yaml::Kind::string:
        put_string(node.text, out);
        return;
    case yaml::Kind::sequence:
        out += '[';
        for (const auto& item : node.items) {
            if (&item != &node.items.front()) { out += ','; }
            put(item, out);
        }
        out += ']';
        return;
    case yaml::Kind::map:
        out += '{';
        for (const auto& entry : node.entries) {
            if (&entry != &node.entries.front()) { out += ','; }
            put_string(entry.first, out);
            out += ':';
            put(entry.second, out);
        }
        out += '}';
        return;
    }
}

} // namespace

std::string json_text(const yaml::Node& node) {
    std::string out;
    put(node, out);
    return out;
}

} // namespace canhgac::rules
