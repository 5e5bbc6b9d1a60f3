#include "decoder_harness.hpp"

#include <utility>

namespace canhgac::collector {

namespace {

std::vector<SourceRule> rules_of(SourceRule rule) {
    if (rule.organization.empty()) { rule.organization = "So Y te"; }
    if (rule.service.empty()) { rule.service = "cong-dich-vu"; }
    rule.network = *common::parse_cidr("192.0.2.0/24");
    rule.level = 3;
    return {std::move(rule)};
}

std::string escaped(std::string_view text) {
    std::string result;
    for (const char c : text) {
        if (c == '\n') {
            result += "\\n";
        } else if (c == '\r') {
            result += "\\r";
        } else if (c == '\t') {
            result += "\\t";
        } else if (static_cast<unsigned char>(c) < 0x20) {
            constexpr std::string_view kHex = "0123456789abcdef";
            result += "\\x";
            result += kHex[static_cast<unsigned char>(c) >> 4U];
            result += kHex[static_cast<unsigned char>(c) & 15U];
        } else {
            result += c;
        }
    }
    return result;
}

std::string_view type_mark(event::ValueType type) {
    switch (type) {
    case event::ValueType::null:
        return " null";
    case event::ValueType::integer:
        return " integer";
    case event::ValueType::real:
        return " real";
    case event::ValueType::boolean:
        return " boolean";
    case event::ValueType::string:
        return "";
    }
    return "";
}

} // namespace

DecoderHarness::DecoderHarness(SourceRule rule, DecoderOptions options)
    : peers(rules_of(std::move(rule))), peer(peers.intern(*common::parse_ip("192.0.2.7"))),
      decoder_(fields, peers, nullptr, options) {}

const event::Event& DecoderHarness::decode(event::Protocol protocol, std::string_view record, std::string_view meta,
                                           std::uint16_t flags) {
    batch_.reset();
    keys_.clear();
    in_.protocol = protocol;
    in_.received = kReceived;
    in_.bytes = meta;
    in_.bytes += record;
    event::Record item;
    item.meta_size = static_cast<std::uint32_t>(meta.size());
    item.offset = item.meta_size;
    item.size = static_cast<std::uint32_t>(record.size());
    item.peer = peer;
    item.flags = flags;
    in_.records = {item};
    decoder_.decode(in_, batch_, keys_);
    return event();
}

std::string DecoderHarness::text(std::string_view name) const {
    const auto id = fields.find(name);
    std::string result;
    bool found = false;
    for (const event::Field& field : batch_.fields(event())) {
        if (!id || field.name() != *id) { continue; }
        if (found) { result += '|'; }
        found = true;
        result += field.text();
    }
    return found ? result : "(absent)";
}

std::string DecoderHarness::print() const {
    const event::Event& one = event();
    std::string out = "time: " + common::format_rfc3339(one.time) + "\nformat: ";
    out += event::to_string(one.format);
    out += "\nflags:";
    constexpr std::pair<std::uint16_t, std::string_view> kFlags[] = {
        {event::flag::kUnparsed, "unparsed"},           {event::flag::kRepaired, "repaired"},
        {event::flag::kTruncated, "truncated"},         {event::flag::kTimeGuessed, "time_guessed"},
        {event::flag::kTimeSkewed, "time_skewed"},      {event::flag::kRevision, "revision"},
        {event::flag::kTrustedSource, "trusted_source"}};
    for (const auto& [bit, name] : kFlags) {
        if ((one.flags & bit) != 0) {
            out += ' ';
            out += name;
        }
    }
    out += "\nkey: ";
    out += keys_.front() == 0 ? "none" : "yes";
    out += '\n';
    for (const event::Field& field : batch_.fields(one)) {
        out += fields.name(field.name());
        out += type_mark(field.type());
        out += " = ";
        out += escaped(field.text());
        out += '\n';
    }
    return out;
}

} // namespace canhgac::collector
