#include "engine/intel/look_back_slice.hpp"

#include <algorithm>

#include "engine/enrichment/enricher.hpp"

namespace canhgac::engine {

namespace {

constexpr std::size_t kMaxValueBytes = 1'024;

std::string_view value_of(const event::StoredEvent& stored, std::string_view name) noexcept {
    for (const auto& [field, value] : stored.fields) {
        if (field == name) { return value.text(); }
    }
    return {};
}

/// The event was hit by this entry when it arrived: the n-th list and the n-th value of it belong together.
bool was_hit(const event::StoredEvent& stored, std::string_view list, std::string_view indicator) {
    std::vector<std::string_view> lists;
    std::vector<std::string_view> values;
    for (const auto& [field, value] : stored.fields) {
        if (field == "threat.indicator.list") { lists.push_back(value.text()); }
        if (field == "threat.indicator.value") { values.push_back(value.text()); }
    }
    for (std::size_t i = 0; i < std::min(lists.size(), values.size()); ++i) {
        if (lists[i] == list && values[i] == indicator) { return true; }
    }
    return false;
}

} // namespace

RolesByName roles_by_name() {
    RolesByName roles;
    for (const FieldRoleEntry& entry : field_role_table()) {
        roles.emplace(entry.name, entry.role);
    }
    return roles;
}

void LookBackSlice::add_hit(const event::StoredEvent& stored, const IndicatorHit& hit, const NamedField& from) {
    const bool known = std::any_of(seen_.begin(), seen_.end(), [&hit](const IndicatorHit& h) {
        return h.list == hit.list && h.text.data() == hit.text.data();
    });
    if (known) { return; }
    seen_.push_back(hit);
    ++hits_;
    Key key(hit.list, std::string(hit.text), std::string(value_of(stored, "source.ip")));
    auto found = groups_.find(key);
    if (found == groups_.end()) {
        if (groups_.size() >= max_groups_) {
            ++left_out_;
            return;
        }
        LookBackGroup group;
        group.type = hit.type;
        group.field = from.first;
        group.value = from.second.text().substr(0, kMaxValueBytes);
        group.host = value_of(stored, "host.name");
        group.organization = value_of(stored, "organization.name");
        group.service = value_of(stored, "service.name");
        group.level = value_of(stored, "asset.level");
        group.log_source = value_of(stored, "log.source");
        group.first_event = stored.id;
        group.first = stored.time;
        group.last = stored.time;
        found = groups_.emplace(std::move(key), std::move(group)).first;
    }
    LookBackGroup& group = found->second;
    ++group.count;
    if (stored.time < group.first) {
        group.first = stored.time;
        group.first_event = stored.id;
    }
    group.last = std::max(group.last, stored.time);
}

void LookBackSlice::take(const event::StoredEvent& stored, const IndicatorHits& found, const NamedField& from) {
    for (const IndicatorHit& hit : found.all()) {
        if (!was_hit(stored, set_.lists()[hit.list].name, hit.text)) { add_hit(stored, hit, from); }
    }
}

void LookBackSlice::add(const event::StoredEvent& stored) {
    seen_.clear();
    const NamedField* host = nullptr;
    const NamedField* path = nullptr;
    for (const NamedField& field : stored.fields) {
        const auto role = roles_.find(field.first);
        if (role == roles_.end() || field.second.text().empty()) { continue; }
        if (role->second == FieldRole::host && host == nullptr) { host = &field; }
        if (role->second == FieldRole::path && path == nullptr && field.second.text().starts_with('/')) {
            path = &field;
        }
        IndicatorHits found;
        find_in_value(set_, role->second, field.second.text(), found);
        if (found.count != 0) { take(stored, found, field); }
    }
    if (host != nullptr && path != nullptr) {
        IndicatorHits found;
        static_cast<void>(set_.find_url(host->second.text(), path->second.text(), found));
        take(stored, found, *path);
    }
}

} // namespace canhgac::engine
