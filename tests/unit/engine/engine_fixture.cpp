#include "tests/unit/engine/engine_fixture.hpp"

#include "common/ensure.hpp"
#include "common/ip.hpp"
#include "text/glob.hpp"

namespace canhgac::engine::kit {

rules::Predicate like(std::string field, std::string_view pattern, bool cased) {
    rules::Predicate out;
    out.field = std::move(field);
    out.cased = cased;
    std::string storage;
    for (const text::GlobPart& part : text::parse_glob(pattern, storage)) {
        out.pattern.push_back(
            {static_cast<rules::PatternPart::Kind>(static_cast<int>(part.kind)), std::string(part.text)});
    }
    if (out.pattern.empty()) { out.pattern.push_back({rules::PatternPart::Kind::literal, ""}); }
    return out;
}

rules::Predicate with_op(std::string field, rules::Op op) {
    rules::Predicate out;
    out.field = std::move(field);
    out.op = op;
    return out;
}

rules::Predicate number(std::string field, rules::Op op, double value) {
    rules::Predicate out = with_op(std::move(field), op);
    out.number = value;
    return out;
}

rules::Predicate regex(std::string field, std::string text) {
    rules::Predicate out = with_op(std::move(field), rules::Op::regex);
    out.text = std::move(text);
    return out;
}

rules::Predicate cidr(std::string field, std::string_view network) {
    const auto parsed = common::parse_cidr(network);
    common::ensure(parsed.has_value(), "a network in a test");
    rules::Predicate out = with_op(std::move(field), rules::Op::cidr);
    out.network = parsed->address.bytes;
    out.is_ipv6 = parsed->address.is_v6;
    out.prefix_bits = parsed->prefix_bits;
    return out;
}

RuleMaker::RuleMaker(std::string id, rules::LogSource logsource) {
    rule_.id = std::move(id);
    rule_.title = "title of " + rule_.id;
    rule_.logsource = std::move(logsource);
}

std::uint32_t RuleMaker::add(rules::Node node) {
    rule_.nodes.push_back(std::move(node));
    return rule_.root = static_cast<std::uint32_t>(rule_.nodes.size() - 1);
}

std::uint32_t RuleMaker::test(rules::Predicate predicate) {
    rule_.predicates.push_back(std::move(predicate));
    rules::Node node;
    node.predicate = static_cast<std::uint32_t>(rule_.predicates.size() - 1);
    return add(std::move(node));
}

std::uint32_t RuleMaker::all(std::vector<std::uint32_t> children) {
    return add({rules::Node::Kind::conjunction, 0, std::move(children)});
}

std::uint32_t RuleMaker::any(std::vector<std::uint32_t> children) {
    return add({rules::Node::Kind::disjunction, 0, std::move(children)});
}

std::uint32_t RuleMaker::negate(std::uint32_t child) {
    return add({rules::Node::Kind::negation, 0, {child}});
}

rules::Rule RuleMaker::done() {
    return std::move(rule_);
}

rules::Rule simple(std::string id, rules::Predicate predicate, rules::LogSource logsource) {
    RuleMaker maker(std::move(id), std::move(logsource));
    maker.test(std::move(predicate));
    return maker.done();
}

event::Event& add_event(event::EventBatch& batch, event::FieldTable& fields, FieldList list, event::Format format) {
    event::Event& event = batch.begin();
    event.format = format;
    for (const auto& [name, value] : list) {
        batch.add(fields.intern(name), batch.arena().copy(value));
    }
    batch.finish();
    return event;
}

rules::LogSourceTable small_table() {
    using event::Format;
    rules::LogSourceTable table;
    const auto add = [&table](rules::LogSource logsource, Format format,
                              std::vector<rules::LogSourceCondition> conditions,
                              std::vector<rules::FieldAlias> aliases = {}) {
        table.push_back({std::move(logsource), {format}, std::move(conditions), std::move(aliases), {}});
    };
    const std::string sysmon = "Microsoft-Windows-Sysmon/Operational";
    add({"windows", "", ""}, Format::windows_event, {});
    add({"windows", "", "sysmon"}, Format::windows_event, {{"Channel", {sysmon}}});
    add({"windows", "process_creation", "sysmon"}, Format::windows_event, {{"Channel", {sysmon}}, {"EventID", {"1"}}});
    add({"windows", "registry_event", "sysmon"}, Format::windows_event,
        {{"Channel", {sysmon}}, {"EventID", {"12", "13", "14"}}});
    add({"windows", "registry_add", "sysmon"}, Format::windows_event,
        {{"Channel", {sysmon}}, {"EventID", {"12"}}, {"EventType", {"CreateKey"}}});
    add({"windows", "", "security"}, Format::windows_event, {{"Channel", {"Security"}}});
    add({"windows", "process_creation", "security"}, Format::windows_event,
        {{"Channel", {"Security"}}, {"EventID", {"4688"}}},
        {{"Image", "NewProcessName"},
         {"ParentImage", "ParentProcessName"},
         {"ParentProcessId", "ProcessId"},
         {"ProcessId", "NewProcessId"}});
    add({"linux", "", "sshd"}, Format::syslog, {{"log.syslog.appname", {"sshd"}}});
    return table;
}

} // namespace canhgac::engine::kit
