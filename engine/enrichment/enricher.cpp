#include "engine/enrichment/enricher.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace canhgac::engine {

namespace {

namespace field = event::field;

constexpr std::string_view kTag = "threat-intel";

std::string_view without_spaces(std::string_view text) noexcept {
    while (!text.empty() && text.front() == ' ') {
        text.remove_prefix(1);
    }
    while (!text.empty() && text.back() == ' ') {
        text.remove_suffix(1);
    }
    return text;
}

void find_host(const IndicatorSet& set, std::string_view host, IndicatorHits& out) noexcept {
    if (const auto address = common::parse_ip(host)) {
        set.find_address(*address, out);
    } else {
        static_cast<void>(set.find_domain(host, out));
    }
}

/// Hashes of "SHA256=..,MD5=..", or one bare hash.
void find_hashes(const IndicatorSet& set, std::string_view text, IndicatorHits& out) noexcept {
    while (!text.empty()) {
        const auto end = text.find_first_of(",;|");
        const std::string_view part = without_spaces(text.substr(0, end));
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        const auto equals = part.find('=');
        // An import hash has the length of an MD5, but is another thing.
        if (part.starts_with("IMPHASH=")) { continue; }
        static_cast<void>(set.find_hash(equals == std::string_view::npos ? part : part.substr(equals + 1), out));
    }
}

/// "type:  5 name;::ffff:192.0.2.1;" of Sysmon's event 22.
void find_answers(const IndicatorSet& set, std::string_view text, IndicatorHits& out) noexcept {
    while (!text.empty()) {
        const auto end = text.find(';');
        std::string_view part = without_spaces(text.substr(0, end));
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        if (part.starts_with("type:")) {
            const auto blank = part.rfind(' ');
            part = blank == std::string_view::npos ? std::string_view() : part.substr(blank + 1);
        }
        if (!part.empty()) { find_host(set, part, out); }
    }
}

void find_mail(const IndicatorSet& set, std::string_view text, IndicatorHits& out) noexcept {
    const auto at = text.rfind('@');
    if (at == std::string_view::npos) { return; }
    text.remove_prefix(at + 1);
    static_cast<void>(set.find_domain(without_spaces(text.substr(0, text.find_first_of("> ,;\""))), out));
}

void find_url_value(const IndicatorSet& set, std::string_view text, IndicatorHits& out) noexcept {
    const std::string_view host = url_host(text);
    if (host.empty()) { return; }
    static_cast<void>(set.find_url({}, text, out));
    find_host(set, host, out);
}

const event::Field* find_field(std::span<const event::Field> all, event::FieldId name) noexcept {
    const auto found = std::find_if(all.begin(), all.end(), [name](const event::Field& f) { return f.name() == name; });
    return found == all.end() ? nullptr : &*found;
}

} // namespace

void find_in_value(const IndicatorSet& set, FieldRole role, std::string_view value, IndicatorHits& out) noexcept {
    switch (role) {
    case FieldRole::none:
        return;
    case FieldRole::address:
        if (const auto address = common::parse_ip(value)) { set.find_address(*address, out); }
        return;
    case FieldRole::domain:
        return find_host(set, value, out); // some senders write addresses here
    case FieldRole::host:
        return find_host(set, url_host(value), out);
    case FieldRole::path:
        // A path alone waits for its host; "host:port" (CONNECT) and whole URLs are looked at as they are.
        if (!value.starts_with('/')) { find_url_value(set, value, out); }
        return;
    case FieldRole::url:
        return find_url_value(set, value, out);
    case FieldRole::hash:
        static_cast<void>(set.find_hash(value, out));
        return;
    case FieldRole::hashes:
        return find_hashes(set, value, out);
    case FieldRole::mail:
        return find_mail(set, value, out);
    case FieldRole::answers:
        return find_answers(set, value, out);
    }
}

Enricher::Enricher(event::FieldTable& fields, std::size_t memo_lines)
    : fields_(&fields), roles_(fields), memo_lines_(memo_lines) {
    added_.reserve(64);
}

void Enricher::use(std::shared_ptr<const Enrichment> enrichment) {
    if (enrichment_ == nullptr && enrichment != nullptr) { memo_ = ValueMemo(memo_lines_); }
    enrichment_ = std::move(enrichment);
    memo_.clear();
    active_ = {};
    if (enrichment_ == nullptr) { return; }
    const IndicatorSet* const set = enrichment_->indicators.get();
    const auto has = [set](std::initializer_list<IndicatorType> types) {
        return set != nullptr &&
               std::any_of(types.begin(), types.end(), [set](auto type) { return set->count(type) != 0; });
    };
    const bool addresses = has({IndicatorType::ipv4, IndicatorType::ipv6, IndicatorType::network});
    const bool domains = has({IndicatorType::domain});
    const bool urls = has({IndicatorType::url});
    const bool hashes = has({IndicatorType::md5, IndicatorType::sha1, IndicatorType::sha256});
    const auto activate = [this](FieldRole role, bool on) { active_[static_cast<std::size_t>(role)] = on; };
    activate(FieldRole::address, addresses || enrichment_->geo != nullptr);
    activate(FieldRole::domain, addresses || domains);
    activate(FieldRole::host, addresses || domains || urls);
    activate(FieldRole::path, addresses || domains || urls);
    activate(FieldRole::url, addresses || domains || urls);
    activate(FieldRole::hash, hashes);
    activate(FieldRole::hashes, hashes);
    activate(FieldRole::mail, domains);
    activate(FieldRole::answers, addresses || domains);
}

const ValueFindings& Enricher::look_up(FieldRole role, std::string_view value) {
    ++stats_.lookups;
    const std::uint64_t hash = ValueMemo::hash(role, value);
    if (const ValueFindings* known = memo_.find(hash, role, value)) {
        ++stats_.memo_hits;
        return *known;
    }
    scratch_ = {};
    if (enrichment_->indicators != nullptr) { find_in_value(*enrichment_->indicators, role, value, scratch_.hits); }
    if (role == FieldRole::address && enrichment_->geo != nullptr) {
        if (const auto address = common::parse_ip(value)) { scratch_.geo = enrichment_->geo->find(*address); }
    }
    memo_.insert(hash, role, value, scratch_);
    return scratch_;
}

void Enricher::take_hits(const IndicatorHits& hits, const event::Field& from, common::Nanos now) {
    for (const IndicatorHit& hit : hits.all()) {
        const common::Nanos expires = enrichment_->indicators->lists()[hit.list].expires;
        const auto* const end = hits_.begin() + hit_count_;
        const bool known = std::any_of(hits_.cbegin(), end, [&hit](const EventHit& h) {
            return h.list == hit.list && h.indicator.data() == hit.text.data();
        });
        if (known || hit_count_ == hits_.size() || (expires != 0 && now >= expires)) { continue; }
        hits_[hit_count_++] = {hit.list, hit.type, hit.text, from.name(), from.text()};
    }
}

const ValueFindings* Enricher::look_at(const event::Field& from, FieldRole role, common::Nanos now) {
    if (role == FieldRole::host && host_ == nullptr) { host_ = &from; }
    if (role == FieldRole::path && from.text().starts_with('/')) {
        if (path_ == nullptr) { path_ = &from; }
        return nullptr;
    }
    const ValueFindings& found = look_up(role, from.text());
    if (found.hits.count != 0) [[unlikely]] { take_hits(found.hits, from, now); }
    return &found;
}

void Enricher::add_geo(const ValueFindings& findings, bool is_source, event::Arena& arena) {
    const GeoAnswer& geo = findings.geo;
    if (!geo.country.empty()) {
        added_.emplace_back(is_source ? field::kSourceCountry : field::kDestinationCountry, geo.country);
    }
    if (geo.as_number != 0) {
        char* const digits = arena.allocate(10);
        const auto end = std::to_chars(digits, digits + 10, geo.as_number).ptr;
        arena.shrink_last(10, static_cast<std::size_t>(end - digits));
        added_.emplace_back(is_source ? field::kSourceAsNumber : field::kDestinationAsNumber,
                            std::string_view(digits, static_cast<std::size_t>(end - digits)),
                            event::ValueType::integer);
    }
    if (!geo.as_name.empty()) {
        added_.emplace_back(is_source ? field::kSourceAsName : field::kDestinationAsName, geo.as_name);
    }
}

/// Only our own table decides. The host is what the sender says: it may change tenancy and level only when its peer is
/// registered as a relay we believe; else it may only name the owner, inside the organization of its peer.
void Enricher::add_assets(event::EventBatch& batch, event::Event& event) {
    const std::span<event::Field> all = batch.fields(event);
    const AssetInventory& inventory = *enrichment_->inventory;
    const Asset* asset = nullptr;
    if (const event::Field* name = find_field(all, field::kHostName)) { asset = inventory.find_host(name->text()); }
    if (asset == nullptr) {
        const event::Field* const ip = find_field(all, field::kHostIp);
        const auto address = ip == nullptr ? std::nullopt : common::parse_ip(ip->text());
        if (address) { asset = inventory.find_address(*address); }
    }
    if (asset == nullptr) { return; }
    const bool believed = (event.flags & event::flag::kTrustedHosts) != 0;
    const event::Field* const organization = find_field(all, field::kOrganizationName);
    if (!believed && (organization == nullptr || organization->text() != asset->organization)) { return; }
    added_.emplace_back(field::kAssetName, asset->name);
    if (!asset->owner.empty()) { added_.emplace_back(field::kAssetOwner, asset->owner); }
    if (!believed) { return; }
    const auto set = [&](event::FieldId id, std::string_view text, event::ValueType type) {
        if (text.empty()) { return; }
        const auto found = std::find_if(all.begin(), all.end(), [id](const event::Field& f) { return f.name() == id; });
        if (found != all.end()) {
            *found = event::Field(id, text, type);
        } else {
            added_.emplace_back(id, text, type);
        }
    };
    set(field::kOrganizationName, asset->organization, event::ValueType::string);
    set(field::kServiceName, asset->service, event::ValueType::string);
    set(field::kAssetLevel, asset->level, event::ValueType::integer);
}

void Enricher::add_hits(std::uint32_t event_index, std::vector<event::Detection>& out) {
    stats_.hits += hit_count_;
    added_.emplace_back(field::kTags, kTag);
    for (std::size_t i = 0; i < hit_count_; ++i) {
        const EventHit& hit = hits_[i];
        const ListInfo& list = enrichment_->indicators->lists()[hit.list];
        added_.emplace_back(field::kIndicatorList, list.name);
        added_.emplace_back(field::kIndicatorType, to_string(hit.type));
        added_.emplace_back(field::kIndicatorValue, hit.indicator);
        added_.emplace_back(field::kIndicatorField, fields_->name(hit.field));
        const bool first_of_list =
            std::none_of(hits_.cbegin(), hits_.cbegin() + i, [&hit](const EventHit& h) { return h.list == hit.list; });
        if (!first_of_list) { continue; }
        for (const std::string& tag : list.tags) {
            added_.emplace_back(field::kTags, tag);
        }
        event::Detection detection;
        detection.event_index = event_index;
        detection.rule = &enrichment_->list_rules[hit.list];
        for (std::size_t k = i; k < hit_count_; ++k) {
            if (hits_[k].list == hit.list) {
                detection.matched.emplace_back(fields_->name(hits_[k].field), hits_[k].value);
            }
        }
        out.push_back(std::move(detection));
    }
}

void Enricher::enrich_event(event::EventBatch& batch, event::Event& event, std::vector<event::Detection>& out) {
    hit_count_ = 0;
    added_.clear();
    host_ = nullptr;
    path_ = nullptr;
    for (const event::Field& value : batch.fields(std::as_const(event))) {
        const FieldRole role = roles_.of(value.name());
        if (!active_[static_cast<std::size_t>(role)] || value.text().empty()) { continue; }
        const ValueFindings* const found = look_at(value, role, event.received);
        if (found == nullptr || role != FieldRole::address) { continue; }
        if (value.name() == field::kSourceIp) { add_geo(*found, true, batch.arena()); }
        if (value.name() == field::kDestinationIp) { add_geo(*found, false, batch.arena()); }
    }
    if (host_ != nullptr && path_ != nullptr && enrichment_->indicators != nullptr) {
        scratch_.hits = {};
        static_cast<void>(enrichment_->indicators->find_url(host_->text(), path_->text(), scratch_.hits));
        take_hits(scratch_.hits, *path_, event.received);
    }
    if (enrichment_->inventory != nullptr) { add_assets(batch, event); }
    if (hit_count_ != 0) [[unlikely]] { add_hits(static_cast<std::uint32_t>(&event - batch.events().data()), out); }
    if (!added_.empty()) { batch.append(event, added_); }
}

void Enricher::enrich(event::EventBatch& batch, std::vector<event::Detection>& out) {
    if (enrichment_ == nullptr) { return; }
    stats_.events += batch.size();
    for (event::Event& event : batch.events()) {
        enrich_event(batch, event, out);
    }
}

} // namespace canhgac::engine
