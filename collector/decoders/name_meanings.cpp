#include "collector/decoders/name_meanings.hpp"

#include <algorithm>
#include <array>
#include <span>

namespace canhgac::collector {

namespace {

namespace field = event::field;

struct Entry {
    std::string_view name;
    Role role = Role::none;
    event::FieldId alias = field::kTimestamp;
};

constexpr auto kTop = std::to_array<Entry>({
    {"@timestamp", Role::timestamp},
    {"TimeCreated_SystemTime", Role::time_created},
    {"TimeCreated", Role::time_created},
    {"EventTime", Role::event_time},
    {"timestamp", Role::other_time},
    {"Timestamp", Role::other_time},
    {"time", Role::other_time},
    {"ts", Role::other_time},
    {"date", Role::other_time},
    {"EventID", Role::event_id, field::kCode},
    {"Channel", Role::channel},
    {"Provider_Name", Role::provider},
    {"Computer", Role::computer, field::kHostName},
    {"Keywords", Role::keywords},
    {"EventRecordID", Role::record_id},
    {"SourceName", Role::source_name},
    {"Hostname", Role::nxlog_hostname, field::kHostName},
    {"ExecutionProcessID", Role::nxlog_pid},
    {"ExecutionThreadID", Role::nxlog_tid},
    {"ThreadID", Role::nxlog_tid},
    {"RecordNumber", Role::nxlog_record},
    {"ProviderGuid", Role::nxlog_guid},
    {"UserID", Role::nxlog_user},
    {"ProviderName", Role::fluent_provider},
    {"ProcessID", Role::fluent_pid},
    {"StringInserts", Role::fluent_insert},
    {"Message", Role::message_text},
    {"agent.id", Role::agent_id},
    {"log.offset", Role::log_offset},
    {"log.file.path", Role::log_path},
    {"host", Role::none, field::kHostName},
    {"hostname", Role::none, field::kHostName},
    {"host_name", Role::none, field::kHostName},
    {"HOSTNAME", Role::none, field::kHostName},
    {"_HOSTNAME", Role::none, field::kHostName},
    {"MachineName", Role::none, field::kHostName},
    {"agent.hostname", Role::none, field::kHostName},
    {"agent.name", Role::none, field::kHostName},
    {"src_ip", Role::none, field::kSourceIp},
    {"srcip", Role::none, field::kSourceIp},
    {"source_ip", Role::none, field::kSourceIp},
    {"client_ip", Role::none, field::kSourceIp},
    {"clientip", Role::none, field::kSourceIp},
    {"client.ip", Role::none, field::kSourceIp},
    {"remote_addr", Role::none, field::kSourceIp},
    {"remote_ip", Role::none, field::kSourceIp},
    {"sourceIPAddress", Role::none, field::kSourceIp},
    {"src_port", Role::none, field::kSourcePort},
    {"srcport", Role::none, field::kSourcePort},
    {"client.port", Role::none, field::kSourcePort},
    {"dest_ip", Role::none, field::kDestinationIp},
    {"dst_ip", Role::none, field::kDestinationIp},
    {"dstip", Role::none, field::kDestinationIp},
    {"dest_port", Role::none, field::kDestinationPort},
    {"dst_port", Role::none, field::kDestinationPort},
    {"dstport", Role::none, field::kDestinationPort},
    {"username", Role::none, field::kUserName},
    {"user_name", Role::none, field::kUserName},
    {"user", Role::none, field::kUserName},
    {"msg", Role::none, field::kMessage},
    {"log", Role::none, field::kMessage},
    {"MESSAGE", Role::none, field::kMessage},
    {"level", Role::none, field::kLogLevel},
    {"severity", Role::none, field::kLogLevel},
});

constexpr auto kPayload = std::to_array<Entry>({
    {"TargetUserName", Role::target_user},
    {"SubjectUserName", Role::subject_user},
    {"User", Role::user},
    {"Image", Role::image},
    {"NewProcessName", Role::image},
    {"ProcessName", Role::process_name},
    {"IpAddress", Role::source_address},
    {"SourceIp", Role::source_address},
    {"SourceAddress", Role::source_address},
    {"IpPort", Role::source_port},
    {"SourcePort", Role::source_port},
    {"DestinationIp", Role::destination_address},
    {"DestAddress", Role::destination_address},
    {"DestinationPort", Role::destination_port},
    {"DestPort", Role::destination_port},
});

constexpr auto kFlat = std::to_array<Entry>({
    {"srcip", Role::none, field::kSourceIp},
    {"src_ip", Role::none, field::kSourceIp},
    {"src", Role::none, field::kSourceIp},
    {"remip", Role::none, field::kSourceIp},
    {"ip", Role::none, field::kSourceIp},
    {"ipAddress", Role::none, field::kSourceIp},
    {"client_ip", Role::none, field::kSourceIp},
    {"addr", Role::none, field::kSourceIp},
    {"rhost", Role::none, field::kSourceIp},
    {"srcport", Role::none, field::kSourcePort},
    {"src_port", Role::none, field::kSourcePort},
    {"spt", Role::none, field::kSourcePort},
    {"dstip", Role::none, field::kDestinationIp},
    {"dst_ip", Role::none, field::kDestinationIp},
    {"dst", Role::none, field::kDestinationIp},
    {"dstport", Role::none, field::kDestinationPort},
    {"dst_port", Role::none, field::kDestinationPort},
    {"dpt", Role::none, field::kDestinationPort},
    {"srcmac", Role::none, field::kSourceMac},
    {"devname", Role::device, field::kHostName},
    {"devid", Role::device},
    {"device_name", Role::none, field::kHostName},
    {"hostname", Role::none, field::kHostName},
    {"host", Role::none, field::kHostName},
    {"user", Role::none, field::kUserName},
    {"username", Role::none, field::kUserName},
    {"user_name", Role::none, field::kUserName},
    {"usr", Role::none, field::kUserName},
    {"acct", Role::none, field::kUserName},
    {"level", Role::none, field::kLogLevel},
    {"action", Role::none, field::kAction},
    {"logid", Role::log_id, field::kCode},
    {"log_id", Role::none, field::kCode},
    {"type", Role::type},
    {"subtype", Role::subtype},
    {"status", Role::status},
    {"result", Role::status},
    {"res", Role::status},
    {"success", Role::status},
    {"date", Role::date},
    {"time", Role::time_of_day},
    {"tz", Role::zone},
    {"eventtime", Role::epoch},
    {"exe", Role::image},
    {"pid", Role::none, field::kProcessPid},
    {"SRC", Role::none, field::kSourceIp}, // netfilter
    {"SPT", Role::none, field::kSourcePort},
    {"DST", Role::none, field::kDestinationIp},
    {"DPT", Role::none, field::kDestinationPort},
});

struct Renamed {
    std::string_view from;
    std::string_view to;
};
constexpr auto kRenamed = std::to_array<Renamed>({
    {"winlog.channel", "Channel"},
    {"winlog.event_id", "EventID"},
    {"winlog.provider_name", "Provider_Name"},
    {"winlog.provider_guid", "Provider_Guid"},
    {"winlog.computer_name", "Computer"},
    {"winlog.record_id", "EventRecordID"},
    {"winlog.version", "Version"},
    {"winlog.time_created", "TimeCreated_SystemTime"},
    {"winlog.activity_id", "Correlation_ActivityID"},
    {"winlog.related_activity_id", "Correlation_RelatedActivityID"},
    {"winlog.process.pid", "Execution_ProcessID"},
    {"winlog.process.thread.id", "Execution_ThreadID"},
    {"winlog.user.identifier", "Security_UserID"},
});

Meaning lookup(std::span<const Entry> entries, std::string_view name) noexcept {
    const auto found = std::find_if(entries.begin(), entries.end(), [name](const Entry& e) { return e.name == name; });
    if (found == entries.end()) { return {}; }
    return {found->role, found->alias};
}

} // namespace

Meaning meaning_at_top(std::string_view name) noexcept {
    return lookup(kTop, name);
}

Meaning meaning_in_payload(std::string_view name) noexcept {
    return lookup(kPayload, name);
}

Meaning meaning_in_flat(std::string_view name) noexcept {
    return lookup(kFlat, name);
}

std::string_view sigma_name(std::string_view dotted) noexcept {
    const auto* const found =
        std::find_if(kRenamed.begin(), kRenamed.end(), [dotted](const Renamed& r) { return r.from == dotted; });
    return found == kRenamed.end() ? dotted : found->to;
}

} // namespace canhgac::collector
