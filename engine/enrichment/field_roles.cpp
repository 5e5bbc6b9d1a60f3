#include "engine/enrichment/field_roles.hpp"

#include <array>

namespace canhgac::engine {

namespace {

constexpr auto kTable = std::to_array<FieldRoleEntry>({
    // Envelope, Windows and Sysmon, firewalls and proxies, Zeek and Suricata, access logs.
    {"source.ip", FieldRole::address},
    {"destination.ip", FieldRole::address},
    {"client.ip", FieldRole::address},
    {"server.ip", FieldRole::address},
    {"dns.resolved_ip", FieldRole::address},
    {"SourceIp", FieldRole::address},
    {"DestinationIp", FieldRole::address},
    {"IpAddress", FieldRole::address},
    {"SourceAddress", FieldRole::address},
    {"DestAddress", FieldRole::address},
    {"ClientAddress", FieldRole::address},
    {"RemoteAddress", FieldRole::address},
    {"srcip", FieldRole::address},
    {"dstip", FieldRole::address},
    {"remip", FieldRole::address},
    {"src_ip", FieldRole::address},
    {"dst_ip", FieldRole::address},
    {"dest_ip", FieldRole::address},
    {"c-ip", FieldRole::address},
    {"r-ip", FieldRole::address},
    {"id.orig_h", FieldRole::address},
    {"id.resp_h", FieldRole::address},
    {"QueryResults", FieldRole::answers},
    {"QueryName", FieldRole::domain},
    {"dns.question.name", FieldRole::domain},
    {"dns.rrname", FieldRole::domain},
    {"query", FieldRole::domain},
    {"qname", FieldRole::domain},
    {"DestinationHostname", FieldRole::domain},
    {"SourceHostname", FieldRole::domain},
    {"destination.domain", FieldRole::domain},
    {"url.domain", FieldRole::domain},
    {"tls.client.server_name", FieldRole::domain},
    {"tls.sni", FieldRole::domain},
    {"server_name", FieldRole::domain},
    {"hostname", FieldRole::domain},
    {"dstname", FieldRole::domain},
    {"cs-host", FieldRole::host},
    {"http.hostname", FieldRole::host},
    {"http.host", FieldRole::host},
    {"c-uri", FieldRole::path},
    {"cs-uri", FieldRole::path},
    {"http.url", FieldRole::path},
    {"url.original", FieldRole::path},
    {"url", FieldRole::path},
    {"url.full", FieldRole::url},
    {"cs-uri-stem", FieldRole::path},
    {"cs-referrer", FieldRole::url},
    {"cs-referer", FieldRole::url},
    {"RequestUrl", FieldRole::url},
    {"Hashes", FieldRole::hashes},
    {"Hash", FieldRole::hashes},
    {"md5", FieldRole::hash},
    {"sha1", FieldRole::hash},
    {"sha256", FieldRole::hash},
    {"MD5", FieldRole::hash},
    {"SHA1", FieldRole::hash},
    {"SHA256", FieldRole::hash},
    {"filehash", FieldRole::hash},
    {"file.hash.md5", FieldRole::hash},
    {"file.hash.sha1", FieldRole::hash},
    {"file.hash.sha256", FieldRole::hash},
    {"process.hash.md5", FieldRole::hash},
    {"process.hash.sha1", FieldRole::hash},
    {"process.hash.sha256", FieldRole::hash},
    {"fileinfo.md5", FieldRole::hash},
    {"fileinfo.sha1", FieldRole::hash},
    {"fileinfo.sha256", FieldRole::hash},
    {"email.from.address", FieldRole::mail},
    {"sender", FieldRole::mail},
    {"sender-address", FieldRole::mail},
    {"SenderAddress", FieldRole::mail},
    {"mail_from", FieldRole::mail},
    {"from", FieldRole::mail},
});

} // namespace

std::span<const FieldRoleEntry> field_role_table() noexcept {
    return kTable;
}

FieldRoles::FieldRoles(event::FieldTable& fields) {
    for (const FieldRoleEntry& entry : kTable) {
        const auto id = fields.intern(entry.name);
        if (id == event::field::kOverflow) { continue; }
        const auto index = static_cast<std::size_t>(id);
        if (index >= roles_.size()) { roles_.resize(index + 1, FieldRole::none); }
        roles_[index] = entry.role;
    }
}

} // namespace canhgac::engine
