// Checks of tags (Sigma specification, appendix "tags") and of ATT&CK names in them.
#include <algorithm>
#include <array>
#include <set>

#include "rules/lint_document.hpp"

namespace canhgac::rules {

namespace {

namespace yaml = common::yaml;

/// MITRE ATT&CK: enterprise as of version 19 and its older names, then mobile and ICS.
constexpr std::array<std::string_view, 21> kTactics = {"reconnaissance",
                                                       "resource-development",
                                                       "initial-access",
                                                       "execution",
                                                       "persistence",
                                                       "privilege-escalation",
                                                       "defense-evasion",
                                                       "stealth",
                                                       "defense-impairment",
                                                       "credential-access",
                                                       "discovery",
                                                       "lateral-movement",
                                                       "collection",
                                                       "command-and-control",
                                                       "exfiltration",
                                                       "impact",
                                                       "network-effects",
                                                       "remote-service-effects",
                                                       "evasion",
                                                       "inhibit-response-function",
                                                       "impair-process-control"};
constexpr std::array<std::string_view, 7> kNamespaces = {"attack", "car", "cve", "d3fend", "detection", "stp", "tlp"};
constexpr std::array<std::string_view, 3> kDetectionTags = {"dfir", "emerging-threats", "threat-hunting"};
constexpr std::array<std::string_view, 6> kTlpTags = {"red", "amber", "amber-strict", "green", "clear", "white"};

template <std::size_t N>
bool is_one_of(const std::array<std::string_view, N>& list, std::string_view text) {
    return std::find(list.begin(), list.end(), text) != list.end();
}

bool is_tag_syntax(std::string_view tag) {
    const auto dot = tag.find('.');
    if (dot == std::string_view::npos || dot == 0 || dot + 1 == tag.size()) { return false; }
    return std::all_of(tag.begin(), tag.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
    });
}

bool all_digits(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// t1110, t1110.003.
bool is_technique(std::string_view name) {
    if (!name.starts_with('t')) { return false; }
    const auto dot = name.find('.');
    const std::string_view number = name.substr(1, dot == std::string_view::npos ? dot : dot - 1);
    if (number.size() != 4 || !all_digits(number)) { return false; }
    return dot == std::string_view::npos || (name.size() == dot + 4 && all_digits(name.substr(dot + 1)));
}

/// Groups, software, campaigns, mitigations, data sources: g0032, s0154, c0001, m1036, ds0001.
bool is_other_object(std::string_view name) {
    const std::string_view number = name.substr(name.starts_with("ds") ? 2 : 1);
    const bool letter = name.starts_with("ds") || name.starts_with('g') || name.starts_with('s') ||
                        name.starts_with('c') || name.starts_with('m');
    return letter && number.size() == 4 && all_digits(number);
}

/// "2021-44228", and SigmaHQ's older "2021.44228".
bool is_cve(std::string_view name) {
    const auto dash = name.find_first_of("-.");
    return dash == 4 && all_digits(name.substr(0, 4)) && name.size() >= 9 && all_digits(name.substr(5));
}

void check_attack(const std::string& name, yaml::Position at, LintSink& sink) {
    if (is_one_of(kTactics, name) || is_technique(name) || is_other_object(name)) { return; }
    std::string dashed = name;
    std::replace(dashed.begin(), dashed.end(), '_', '-');
    if (is_one_of(kTactics, dashed)) {
        sink.add("attack-tactic", at, "'attack." + name + "' is spelt 'attack." + dashed + "' since Sigma 2.0");
    } else if (name.starts_with('t') && name.size() > 1 && all_digits(name.substr(1, 1))) {
        sink.add("attack-tactic", at, "'attack." + name + "' is no technique: attack.tNNNN or attack.tNNNN.NNN");
    } else {
        sink.add("attack-tactic", at, "'attack." + name + "' names no ATT&CK tactic");
    }
}

void check_tag(const std::string& tag, yaml::Position at, LintSink& sink) {
    if (!is_tag_syntax(tag)) {
        sink.add("tag", at, "'" + tag + "' is no tag: lower case, namespace.name");
        return;
    }
    const std::string space = tag.substr(0, tag.find('.'));
    const std::string name = tag.substr(space.size() + 1);
    if (!is_one_of(kNamespaces, space)) {
        sink.add("tag", at, "'" + space + "' is no namespace of tags (attack, car, cve, d3fend, detection, stp, tlp)");
    } else if (space == "attack") {
        check_attack(name, at, sink);
    } else if (space == "cve" && !is_cve(name)) {
        sink.add("tag", at, "'" + tag + "' is no CVE tag: cve.YYYY-NNNN");
    } else if (space == "detection" && !is_one_of(kDetectionTags, name)) {
        sink.add("tag", at, "'" + tag + "' is none of detection.dfir, .emerging-threats, .threat-hunting");
    } else if (space == "tlp" && !is_one_of(kTlpTags, name)) {
        sink.add("tag", at, "'" + tag + "' is no traffic light (red, amber, amber-strict, green, clear)");
    }
}

} // namespace

void lint_tags(const LintDocument& document, LintSink& sink) {
    const auto* tags = document.node.find("tags");
    if (document.node.find("filter") != nullptr) { return; }
    if (tags == nullptr || !tags->is_sequence() || tags->items.empty()) {
        sink.add("tags", tags == nullptr ? document.node.at : tags->at,
                 "no tags; attack.<tactic> and attack.tNNNN put the rule on the coverage map");
        return;
    }
    std::set<std::string> seen;
    bool technique = false;
    for (const yaml::Node& item : tags->items) {
        if (!seen.insert(item.text).second) { sink.add("tag", item.at, "'" + item.text + "' is there twice"); }
        check_tag(item.text, item.at, sink);
        technique = technique || is_technique(std::string_view(item.text).substr(item.text.find('.') + 1));
    }
    if (!technique) { sink.add("attack-technique", tags->at, "no tag attack.tNNNN says which technique this is"); }
}

} // namespace canhgac::rules
